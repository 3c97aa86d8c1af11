//! RabbitMQ's memory alarm: it blocks whoever publishes. Meanwhile nobody is to connect again and
//! again, and after it publishing is to go on.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Result;
use launcher::process::Process;
use shared_models::site::Site;
use tokio::time::{sleep, timeout};

use super::calm::Disturbance;
use super::crowd::Crowds;
use super::inflict::{Inflicted, control};
use super::violation::Rule;
use super::world::World;

/// Shares of the machine's memory: any use of it is too much, and what is set where nobody sets it.
const NO_MEMORY: &str = "0.000001";
const MEMORY: &str = "0.4";

/// How often to look at the programs' connections.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// How soon publishing is to go on, on a machine that has much else to do. (2 s are promised.)
const SOON: Duration = Duration::from_secs(4);
/// For how long nothing else may have been hurt where somebody is to be soon.
const CALM: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Raises the alarm, and releases it when its time is over. RabbitMQ is kept from being struck
/// meanwhile: a restart would end the alarm.
pub(super) async fn alarm(world: &World, over: impl Future) -> Result<Inflicted> {
    let rabbitmq = world.rabbitmq.lock().await;
    if !rabbitmq.process().is_some_and(Process::running) {
        return Ok(Inflicted::NotDone);
    }
    let disturbance = world.calm.disturb();
    control(&rabbitmq, &["set_vm_memory_high_watermark", NO_MEMORY]).await?;
    let crowded = crowded(world, over).await;
    control(&rabbitmq, &["set_vm_memory_high_watermark", MEMORY]).await?;
    let wrong = match crowded {
        Some(crowded) => Some(crowded),
        None => late(world, &disturbance).await,
    };
    Ok(wrong.map_or(Inflicted::Done, |why| Inflicted::Misbehaved(Rule::Waits, why)))
}

/// Until it is over, looks whether a program has more connections to RabbitMQ than it needs.
async fn crowded(world: &World, over: impl Future) -> Option<String> {
    let (mut over, mut crowds, mut found) = (pin!(over), Crowds::default(), None);
    loop {
        tokio::select! {
            _ = &mut over => return found,
            () = sleep(BETWEEN_LOOKS) => found = found.or(crowds.look(world)),
        }
    }
}

/// What a site still has not published some time after the alarm, where it has no excuse.
async fn late(world: &World, disturbance: &Disturbance) -> Option<String> {
    let began = Instant::now();
    for site in Site::ALL {
        // A database that does not answer is an excuse, and another fault.
        let Some(oldest) = oldest(world, site).await.ok()? else { continue };
        let published = async {
            while self::oldest(world, site).await.ok().flatten() == Some(oldest) {
                sleep(PAUSE).await;
            }
        };
        let left = SOON.saturating_sub(began.elapsed());
        let is_late = timeout(left, published).await.is_err();
        if is_late && disturbance.is_alone_since(CALM + began.elapsed()) {
            return Some(format!("the {site} has not published seq {oldest} {SOON:?} after it"));
        }
    }
    None
}

/// The first change that is to be published.
async fn oldest(world: &World, site: Site) -> Result<Option<i64>> {
    let oldest = world.databases.ask(site, "select min(seq) from outbox").await?;
    Ok(oldest.first().map(|seq| seq.parse()).transpose()?)
}
