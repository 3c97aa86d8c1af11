//! The whole check: private programs, schemathesis against each, then the client.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use e2e_tests::Stack;
use process_kit::secured::token;
use program_kit::access::Role;
use sample_sources::remote::{self, Remote};
use sample_sources::upstream::{self, Upstream};
use sample_sources::worker_settings;
use test_kit::TestBroker;

use crate::fuzzing::{Run, logs};
use crate::{client, installed};

/// The requests of each operation that are made up for a caller whom every path refuses.
const OF_STRANGERS: u32 = 3;

/// Checks all programs, or those of the runs that are named; returns whether everything was as documented.
pub(crate) async fn run(folder: &Path, examples: u32, only: &[String]) -> Result<bool> {
    fs::create_dir_all(folder)?;
    let schemathesis = installed::schemathesis(folder).await?;
    let of_client = installed::client(folder).await?;
    let logs = logs(folder)?;
    let upstream = Upstream::start(upstream::Options::default()).await?;
    let remote = Remote::start(remote::Options::default()).await?;
    let (of_upstream, of_remote) = (upstream.url(), remote.url());
    let settings = worker_settings(&of_upstream, &of_remote);
    let broker = TestBroker::new().await;
    let stack = Stack::start_with(&broker, &settings).await;
    let programs = [
        ("store", stack.store_svc.url()),
        ("warehouse", stack.warehouse_svc.url()),
        ("worker", stack.worker.url()),
    ];
    let callers = [
        ("admin", Some(token(Role::Admin).expose()), examples),
        ("sync", Some(token(Role::Sync).expose()), examples),
        ("nobody", None, OF_STRANGERS),
    ];
    let all = programs.into_iter().flat_map(|(program, url)| {
        callers.map(|(caller, token, examples)| Run {
            program,
            url,
            caller: (caller, token),
            examples,
        })
    });
    let is_meant = |run: &Run<'_>| only.is_empty() || only.contains(&run.name());
    let runs = all.filter(is_meant).collect::<Vec<_>>();
    ensure!(
        !runs.is_empty(),
        "no run is named {}; expected `store as admin` or alike",
        only.join(", ")
    );
    let mut is_well = true;
    for run in runs {
        is_well &= run.run(&schemathesis, &logs).await?;
    }
    client::place_an_order(&of_client, stack.store_svc.url(), token(Role::Admin).expose()).await?;
    println!("{:<24} placed an order, read it and voided it", "generated client");
    stack.assert_not_logged(&[]);
    Ok(is_well)
}
