//! After all is healed: whether the sides come to agree, how soon, and whether anything is left
//! over.

use std::time::{Duration, Instant};

use process_kit::Both;
use process_kit::secured::headers;
use program_kit::access::Role;
use shared_models::side::Side;
use test_kit::http;
use tokio::time::sleep;

use super::broker::Depths;
use super::databases::Standing;
use super::world::World;

/// Mostly within seconds. The longest that a change may wait is one that was purged: by comparing,
/// it is found and offered again within 60 s.
pub const IN_TIME: Duration = Duration::from_secs(60);
/// The time that the sides are watched, to tell slow from never: what takes longer than 60 s is
/// broken.
pub const AT_ALL: Duration = Duration::from_secs(400);
/// The time in which nothing is in the queues any more. (RabbitMQ counts every five seconds.)
const QUIET: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until both sides are equal and have nothing more to tell, until so long after all was
/// healed, and gives how long it took; else how everybody is doing.
pub async fn reach(world: &World, healed: Instant, limit: Duration) -> Result<Duration, String> {
    let mut last = None;
    while healed.elapsed() < limit {
        let standings = standings(world).await;
        if standings.as_ref().is_some_and(|both| is_agreement(&both.store, &both.warehouse)) {
            return Ok(healed.elapsed());
        }
        last = standings;
        sleep(PAUSE).await;
    }
    Err(format!("not within {limit:?}: {}", describe(world, last.as_ref()).await))
}

async fn standings(world: &World) -> Option<Both<Standing>> {
    let [store, warehouse] = Side::ALL.map(|side| world.databases.standing(side));
    let (store, warehouse) = tokio::try_join!(store, warehouse).ok()?;
    Some(Both { store, warehouse })
}

fn is_agreement(store: &Standing, warehouse: &Standing) -> bool {
    let nothing_to_tell = |side: &Standing| side.outbox == 0 && side.offers == 0;
    (store.orders, &store.digest) == (warehouse.orders, &warehouse.digest)
        && nothing_to_tell(store)
        && nothing_to_tell(warehouse)
}

/// Waits until the queues are empty and nothing waits for a person, and says how much is parked
/// that will be offered again by itself.
pub async fn quiet(world: &World) -> Result<u64, String> {
    let began = Instant::now();
    let mut last = (None, None);
    while began.elapsed() < QUIET {
        last = (world.broker.depths().await.ok().flatten(), standings(world).await);
        if let (Some(Depths { waiting: 0, parked: 0 }), Some(Both { store, warehouse })) = &last
            && store.left + warehouse.left == 0
        {
            return Ok(store.parked + warehouse.parked);
        }
        sleep(PAUSE).await;
    }
    let (depths, standings) = last;
    Err(format!("after {QUIET:?} something is left over: queues {depths:?}, {standings:?}"))
}

/// The state of all programs, for a person who looks into it.
async fn describe(world: &World, standings: Option<&Both<Standing>>) -> String {
    let mut parts = vec![format!("{standings:?}")];
    parts.push(format!("queues {:?}", world.broker.depths().await.ok().flatten()));
    let http = http().build().unwrap();
    for (part, path) in world.self_descriptions() {
        let request = http.get(path).headers(headers(Role::Read));
        let answer = match request.send().await {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        parts.push(format!("{part}: {answer}"));
    }
    parts.join("\n    ")
}
