//! RabbitMQ's memory alarm: it blocks publishers. Meanwhile no program may connect again and again,
//! and after it publishing has to go on.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Result;
use launcher::process::Process;
use process_kit::rabbitmqctl;
use shared_models::side::Side;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::excess::Excesses;
use super::inflict::Inflicted;
use super::parts::{Link, Part};
use super::proxy::Proxy;
use super::violation::Rule;
use super::world::World;

/// The pause between two looks at the programs' connections.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// The time within which publishing is to go on, on a machine that has much else to do. (2 s are
/// promised.)
const SOON: Duration = Duration::from_secs(4);
/// The time without another fault after which a program has to be in time: a queue that is silent
/// is replaced within that.
const UNDISTURBED: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Raises the alarm, and releases it when its time is over. RabbitMQ has no other fault
/// meanwhile: a restart would end the alarm.
pub(super) async fn alarm(
    world: &World,
    lasts: Duration,
    heal: &CancellationToken,
) -> Result<Inflicted> {
    let rabbitmq = world.rabbitmq.lock().await;
    if heal.is_cancelled() || !rabbitmq.process().is_some_and(Process::running) {
        return Ok(Inflicted::NotDone);
    }
    let (began, before) = (Instant::now(), connected(world));
    rabbitmqctl::raise_alarm(&rabbitmq).await?;
    // Not before: on a machine that has much else to do, `rabbitmqctl` takes as long as the alarm.
    let excess = excess_connections(world, heal.run_until_cancelled(sleep(lasts))).await;
    let blocked = first_blocked(world).await;
    rabbitmqctl::release_alarm(&rabbitmq).await?;
    let wrong = excess.or_else(|| connected_again(world, before, began));
    let wrong = match wrong {
        Some(wrong) => Some(wrong),
        None => late(world, blocked).await,
    };
    Ok(wrong.map_or(Inflicted::Done, |why| Inflicted::Misbehaved(Rule::Waits, why)))
}

/// Until it is over, looks whether a program has more connections to RabbitMQ than it needs.
async fn excess_connections(world: &World, over: impl Future) -> Option<String> {
    let (mut over, mut excesses, mut found) = (pin!(over), Excesses::default(), None);
    loop {
        tokio::select! {
            _ = &mut over => return found,
            () = sleep(BETWEEN_LOOKS) => found = found.or(excesses.look(world)),
        }
    }
}

/// The number of times that the relay of each side has connected to RabbitMQ.
fn connected(world: &World) -> [u64; 2] {
    let link = |side| Link::new(Part::of(side), Part::RabbitMq);
    Side::ALL.map(|side| world.proxies.get(&link(side)).map_or(0, Proxy::accepted))
}

/// The side whose relay has connected again since, where no other fault explains it.
fn connected_again(world: &World, before: [u64; 2], began: Instant) -> Option<String> {
    let counts = before.into_iter().zip(connected(world));
    let mut sides = Side::ALL.into_iter().zip(counts);
    let (side, (before, now)) = sides.find(|(_, (before, now))| now > before)?;
    let count = now - before;
    let is_undisturbed = world.ongoing.none_for(UNDISTURBED + began.elapsed());
    is_undisturbed.then(|| format!("the {side} has connected to RabbitMQ {count} times meanwhile"))
}

/// The first change that each side has not published. A database that does not answer has another
/// fault, which explains it.
async fn first_blocked(world: &World) -> [Option<i64>; 2] {
    let [store, warehouse] = Side::ALL.map(|side| oldest(world, side));
    let (store, warehouse) = tokio::join!(store, warehouse);
    [store, warehouse].map(|oldest| oldest.ok().flatten())
}

/// The side that still has not published what was its first change when the alarm was released,
/// where no other fault explains it. The whole of what waits may take longer.
async fn late(world: &World, blocked: [Option<i64>; 2]) -> Option<String> {
    let began = Instant::now();
    for (side, blocked) in Side::ALL.into_iter().zip(blocked) {
        let Some(blocked) = blocked else { continue };
        let published = async {
            while oldest(world, side).await.ok().flatten() == Some(blocked) {
                sleep(PAUSE).await;
            }
        };
        let is_late = timeout(SOON, published).await.is_err();
        if is_late && world.ongoing.none_for(UNDISTURBED + began.elapsed()) {
            return Some(format!("the {side} has not published seq {blocked} {SOON:?} after it"));
        }
    }
    None
}

/// The first change that is to be published.
async fn oldest(world: &World, side: Side) -> Result<Option<i64>> {
    let oldest = world.databases.ask(side, "select min(seq) from outbox").await?;
    Ok(oldest.first().map(|seq| seq.parse()).transpose()?)
}
