//! Edits of posts that are folded and sent to a remote: one request for each post, as fast as the remote
//! takes them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use process_kit::secured::headers;
use program_kit::access::Role;
use sample_sources::remote::{Kind, Remote};
use sample_sources::steering::{Action, Rule};
use serde_json::json;
use test_kit::http;

use super::super::figures::{number, per_second};
use super::plain::send_all;
use super::{PARALLEL, SLOW, clear_store, mirroring, remote};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;
use crate::world::connected::Connected;

/// The number of edits of each post.
const EDITS: u64 = 10;

/// The figures of the turns with a remote that takes a time for each request.
#[derive(Default)]
struct Turns {
    requests: Vec<f64>,
    milliseconds: Vec<f64>,
    sent: Vec<f64>,
    /// From the first request to the last answer.
    sending: Vec<f64>,
    plain: Vec<f64>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
    finding: &mut Finding,
) -> Result<()> {
    let posts = scale.mirrored / EDITS;
    let remote = remote(posts).await?;
    let url = remote.url();
    clear_store(world).await?;
    let worker = world.connected(&mirroring(&url)).await?;
    worker.run("/v1/mirror/load").await?;
    let (mut fast, mut slow) = <(Turns, Turns)>::default();
    for turn in 1..=scale.turns {
        progress.begin(format!("{} edits sent, {turn} of {}", scale.mirrored, scale.turns));
        for (delay, turns) in [(None, &mut fast), (Some(SLOW), &mut slow)] {
            progress.doing(if delay.is_some() { "to a slow remote" } else { "to a fast remote" });
            take_turns(world, &worker, &remote, delay, turns).await?;
        }
    }
    worker.stop().await?;
    let name = format!("{} edits of {posts} posts", scale.mirrored);
    let of_slow = |what| format!("{name}, {SLOW} ms each{what}");
    let most = number(PARALLEL as u64) * 1e3 / number(SLOW);
    let sent = Measure::new(of_slow(": sent"), "records/s", &slow.sent);
    let against = format!("{PARALLEL} at once / {SLOW} ms");
    let sending = Measure::new(of_slow(": from first to last"), "records/s", &slow.sending);
    let beside =
        Measure { name: of_slow(": from first to last, beside a client"), ..sending.clone() };
    finding.measures.extend([
        Measure::new(format!("{name}: requests"), "requests", &fast.requests)
            .with_target(Target::ValueAtMost(number(posts))),
        Measure::new(format!("{name}: time of the flush"), "ms", &fast.milliseconds),
        Measure::new(format!("{name}: sent"), "records/s", &fast.sent).against(
            "the same requests by a client",
            &fast.plain,
            Target::Reported,
        ),
        sent.against(&against, &vec![most; slow.sent.len()], Target::Reported),
        sending.against(&against, &vec![most; slow.sending.len()], Target::Reported),
        beside.against("the same requests by a client", &slow.plain, Target::Reported),
    ]);
    Ok(())
}

/// Edits all posts several times, has the worker send them, and then a client.
async fn take_turns(
    world: &World,
    worker: &Connected,
    remote: &Remote,
    delay: Option<u64>,
    turns: &mut Turns,
) -> Result<()> {
    let posts = remote.records(Kind::Posts).len() as u64;
    let mark = format!("turn {}, delay {delay:?}", turns.sent.len());
    edit(world, posts, &mark).await?;
    let steering = remote.steering();
    steering.reset();
    if let Some(ms) = delay {
        steering.add(Rule::new(Action::Delay { ms }))?;
    }
    let began = Instant::now();
    let counts = worker.run("/v1/mirror/flush").await?;
    let took = began.elapsed();
    let requests = steering.counts().requests;
    ensure!(counts["updated"] == posts, "of {posts} posts were sent: {counts}");
    let last = title(&mark, EDITS);
    let other = remote.records(Kind::Posts).into_iter().find(|post| post["title"] != last);
    ensure!(other.is_none(), "the remote has not the last edit: {other:?}");
    turns.requests.push(number(requests));
    turns.milliseconds.push(took.as_secs_f64() * 1e3);
    turns.sent.push(per_second(posts, took));
    turns.sending.push(number(posts) / sending(remote)?);
    turns.plain.push(per_second(posts, send_again(remote).await?));
    steering.reset();
    Ok(())
}

/// The seconds from the first request in the ledger to the last answer.
fn sending(remote: &Remote) -> Result<f64> {
    let ledger = remote.steering().ledger();
    let begins = ledger.iter().map(|entry| entry.at).min();
    let ends = ledger.iter().map(|entry| entry.at + entry.micros.unwrap_or_default() / 1_000).max();
    let (begins, ends) = begins.zip(ends).context("the remote has got no request")?;
    Ok(number(ends - begins) / 1e3)
}

fn title(mark: &str, edit: u64) -> String {
    format!("{mark}, edit {edit}")
}

/// Edits each post several times, round by round.
async fn edit(world: &World, posts: u64, mark: &str) -> Result<()> {
    let client = http().default_headers(headers(Role::Admin)).build()?;
    let rows = world.databases.store.rows("select id from posts order by id").await?;
    let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    ensure!(ids.len() as u64 == posts, "{} of {posts} posts are stored", ids.len());
    let edits = (1..=EDITS).flat_map(|edit| ids.iter().map(move |id| (edit, id)));
    let requests = edits.map(|(edit, id)| {
        let url = format!("{}/posts/{id}", world.store.url());
        client.patch(url).json(&json!({ "title": title(mark, edit) }))
    });
    send_all(requests, PARALLEL).await.map(drop)
}

/// Has a client send what the remote has, as the worker has sent it; returns how long that took.
async fn send_again(remote: &Remote) -> Result<Duration> {
    let (client, records) = (http().build()?, remote.records(Kind::Posts));
    let requests = records.into_iter().map(|record| {
        let url = format!("{}/posts/{}", remote.url(), record["id"]);
        client.put(url).json(&record)
    });
    send_all(requests, PARALLEL).await
}
