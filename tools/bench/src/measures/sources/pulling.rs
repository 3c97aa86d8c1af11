//! Operators and their sites pulled from an upstream, against a client that only asks for them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sample_sources::steering::{Action, Rule};
use sample_sources::upstream::{FIRST_USER, Options, Upstream};
use serde_json::Value;
use test_kit::http;

use super::super::figures::number;
use super::plain::send_all;
use super::{PARALLEL, SLOW};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;
use crate::world::connected::Connected;

const SITES: u64 = 5;
const TOKEN: &str = "bench";
const LIST: &str = "iam/users";

/// The times of the turns, in ms.
#[derive(Default)]
struct Turns {
    new: Vec<f64>,
    unchanged: Vec<f64>,
    slow: Vec<f64>,
    client: Vec<f64>,
    client_of_slow: Vec<f64>,
    /// The upstream's own times of the requests, for as many at once as the worker sends.
    own: Vec<f64>,
    own_of_slow: Vec<f64>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
    finding: &mut Finding,
) -> Result<()> {
    let users = scale.pulled;
    let token = Some(TOKEN.to_owned());
    let options = Options { users, sites_per_user: SITES, token, ..Options::default() };
    let upstream = Upstream::start(options).await?;
    let url = upstream.url();
    let settings = [
        ("UPSTREAM__URL", &*url),
        ("UPSTREAM__TOKEN", TOKEN),
        ("UPSTREAM__USER_PATH", LIST),
        ("UPSTREAM__INTERVAL", "24h"),
    ];
    let worker = world.connected(&settings).await?;
    let mut turns = Turns::default();
    for turn in 1..=scale.turns {
        progress.begin(format!("{users} operators pulled, {turn} of {}", scale.turns));
        take_turns(world, &worker, (&upstream, users), &mut turns).await?;
    }
    worker.stop().await?;
    finding.measures.extend(measures(users, &turns));
    Ok(())
}

/// A pull of what is new, of the same once more, and from a slow upstream; after each the client.
async fn take_turns(
    world: &World,
    worker: &Connected,
    (upstream, users): (&Upstream, u64),
    turns: &mut Turns,
) -> Result<()> {
    let (steering, records) = (upstream.steering(), users * (1 + SITES));
    let warehouse = &world.databases.warehouse;
    warehouse.run("truncate operators, sites, operator_sites").await?;
    world.clear().await?;
    steering.reset();
    let (took, counts) = pull(worker).await?;
    ensure!(counts["upserted"] == records && counts["changed"] == records, "pulled: {counts}");
    turns.new.push(took);
    turns.own.push(own(upstream));
    let links = warehouse.number("select count(*) from operator_sites where active").await?;
    ensure!(links == i64::try_from(users * SITES)?, "{links} sites of operators are there");
    turns.client.push(ask(upstream, users).await?);

    let (took, counts) = pull(worker).await?;
    ensure!(counts["upserted"] == records && counts["changed"] == 0, "pulled again: {counts}");
    turns.unchanged.push(took);

    steering.reset();
    steering.add(Rule::new(Action::Delay { ms: SLOW }))?;
    turns.slow.push(pull(worker).await?.0);
    turns.own_of_slow.push(own(upstream));
    turns.client_of_slow.push(ask(upstream, users).await?);
    steering.reset();
    Ok(())
}

/// Pulls; returns the time, and the figures of the run.
async fn pull(worker: &Connected) -> Result<(f64, Value)> {
    let began = Instant::now();
    let counts = worker.run("/v1/sources/upstream/run").await?;
    Ok((milliseconds(began.elapsed()), counts))
}

/// Has a client ask for the list and then for the sites of each; returns the time.
async fn ask(upstream: &Upstream, users: u64) -> Result<f64> {
    let (client, url) = (http().build()?, upstream.url());
    let get = |path: String| client.get(format!("{url}/{path}")).bearer_auth(TOKEN);
    let list = send_all([get(LIST.to_owned())].into_iter(), 1).await?;
    let ids = FIRST_USER..FIRST_USER + users;
    let sites = ids.map(|id| get(format!("{LIST}/{id}/warehouses")));
    Ok(milliseconds(list + send_all(sites, PARALLEL).await?))
}

/// The times that the upstream itself took for the requests in its ledger.
fn own(upstream: &Upstream) -> f64 {
    let micros = upstream.steering().ledger().iter().filter_map(|entry| entry.micros).sum();
    number(micros) / 1e3 / number(PARALLEL as u64)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn measures(users: u64, turns: &Turns) -> Vec<Measure> {
    let name = format!("{users} operators with {SITES} sites each pulled");
    let of_slow = format!("{name}, {SLOW} ms for each request");
    let (client, own) = ("the same requests by a client", "the upstream's own times / 8");
    [
        (name.clone(), &turns.new, client, &turns.client),
        (format!("{name}, nothing changed"), &turns.unchanged, client, &turns.client),
        (format!("{name}, beside the upstream"), &turns.new, own, &turns.own),
        (of_slow.clone(), &turns.slow, client, &turns.client_of_slow),
        (format!("{of_slow}, beside the upstream"), &turns.slow, own, &turns.own_of_slow),
    ]
    .map(|(name, runs, what, baseline)| {
        Measure::new(name, "ms", runs).against(what, baseline, Target::Reported)
    })
    .to_vec()
}
