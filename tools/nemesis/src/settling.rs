//! After all is healed: whether the sources and the sides come to have the same, and how soon.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use process_kit::secured::headers;
use program_kit::access::Role;
use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::http;
use tokio::time::sleep;

use super::parts::Part;
use super::world::World;

/// The time after which a run that is not renewed has no worker any more: one renews every 5 s.
const UNRENEWED: Duration = Duration::from_secs(10);
/// Ends the hold of such a run, which would last for a minute.
const END_HOLDS: &str = "update jobs set held_until = clock_timestamp() where run is not null
    and held_until between clock_timestamp() and clock_timestamp() + interval '50 s'";
/// The records that wait to be sent, or for what became of them.
const WAITING: &str = "
select sum(waiting) from (
    select count(*) as waiting from posts
        where changed_version > sent_version or attempt is not null or due
    union all
    select count(*) from comments
        where changed_version > sent_version or attempt is not null or due
) as of_each";
const PARKED: &str =
    "select id from parked where state = 'parked' and resource in ('post', 'comment')";
/// The longest that a run is waited for.
const RUN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Asks for runs until none has anything to do, until so long after all was healed, and gives how long
/// it took; else what there was to do. They come by themselves, too, and some of them half a minute
/// later.
pub async fn reach(world: &World, healed: Instant, limit: Duration) -> Result<Duration, String> {
    let mut last = "nothing was asked for".to_owned();
    let asking = async {
        while healed.elapsed() < limit {
            match ask(world).await {
                Ok(()) => return Ok(healed.elapsed()),
                Err(left) => last = left,
            }
            sleep(PAUSE).await;
        }
        Err(())
    };
    let reached = tokio::select! {
        reached = asking => reached,
        never = end_holds(world, healed) => match never {},
    };
    reached.map_err(|()| format!("the sources, not within {limit:?}: {last}"))
}

/// Ends the hold of each run that nobody renews. Does not end.
async fn end_holds(world: &World, healed: Instant) -> Infallible {
    sleep(UNRENEWED.saturating_sub(healed.elapsed())).await;
    loop {
        for side in Side::ALL {
            // One that fails is tried again.
            drop(world.databases.ask(side, END_HOLDS).await);
        }
        sleep(PAUSE).await;
    }
}

/// Asks for a run of each task; an error says what there was to do.
async fn ask(world: &World) -> Result<(), String> {
    let mirroring = async {
        idle(&run(world, "v1/mirror/flush").await?)?;
        idle(&run(world, "v1/mirror/load").await?)
    };
    let pulling = async { idle(&run(world, "v1/sources/upstream/run").await?) };
    let (mirrored, pulled) = tokio::join!(mirroring, pulling);
    replay(world).await?;
    mirrored.and(pulled)?;
    let under_way = world.sources.remote.steering().counts().under_way;
    let waiting = world.databases.ask(Side::Store, WAITING).await;
    let waiting = waiting.map_err(|error| format!("{error:#}"))?;
    match (waiting.first().map(String::as_str), under_way) {
        (Some("0"), 0) => Ok(()),
        (waiting, _) => Err(format!("{waiting:?} wait, {under_way} requests are under way")),
    }
}

async fn run(world: &World, path: &str) -> Result<Value, String> {
    let http = http().timeout(RUN).default_headers(headers(Role::Admin)).build().unwrap();
    let url = format!("{}/{path}", world.url(Part::Worker1));
    let asking = async { http.post(url).json(&json!(null)).send().await?.json().await };
    asking.await.map_err(|error: reqwest::Error| format!("{path}: {error:?}"))
}

/// Whether a run had nothing to do; else what it did.
fn idle(run: &Value) -> Result<(), String> {
    // What is refused is refused again by the next one.
    let is_left = |name: &str| ["unchanged", "upserted", "refused", "milliseconds"].contains(&name);
    let counts = run["counts"].as_object().into_iter().flatten();
    let is_idle = counts.into_iter().all(|(name, count)| is_left(name) || *count == 0);
    match run["state"] == "succeeded" && is_idle {
        true => Ok(()),
        false => Err(run.to_string()),
    }
}

/// Replays what is parked, as a person would whose remote is well again.
async fn replay(world: &World) -> Result<(), String> {
    let parked = world.databases.ask(Side::Store, PARKED).await;
    let parked = parked.map_err(|error| format!("{error:#}"))?;
    if parked.is_empty() {
        return Ok(());
    }
    let http = http().default_headers(headers(Role::Admin)).build().unwrap();
    let url = format!("{}/v1/parked/replay", world.url(Part::Store));
    let answer = http.post(url).json(&json!({ "ids": parked })).send().await;
    Err(format!("{} are parked, and offered again: {answer:?}", parked.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_or_changed_something_is_not_idle() {
        let of = |state: &str, counts: Value| idle(&json!({"state": state, "counts": counts}));
        assert!(of("succeeded", json!({"unchanged": 7, "created": 0})).is_ok());
        assert!(of("succeeded", json!({"upserted": 7, "changed": 0, "milliseconds": 9})).is_ok());
        assert!(of("succeeded", json!({"unchanged": 7, "created": 1})).is_err());
        assert!(of("failed", json!({})).is_err());
        assert!(idle(&json!({"detail": "no"})).is_err());
    }
}
