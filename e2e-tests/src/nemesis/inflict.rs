//! Carries out a fault, and heals it.

use std::sync::Arc;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::fault::{Blow, Fault};
use super::parts::Part;
use super::schedule::Planned;
use super::victim::Victim;
use super::world::World;

/// What came of a fault.
#[derive(Debug, PartialEq, Eq)]
pub enum Inflicted {
    /// It was done and healed.
    Done,
    /// It was not done: its turn came when all was to heal already, or there was nobody to be hurt.
    NotDone,
    /// It was done, and the part did not take it as it should.
    Misbehaved(String),
}

/// Waits for the fault's time, carries it out, and heals it when its time is over, or all is to
/// heal.
pub async fn inflict(
    world: Arc<World>,
    planned: Planned,
    heal: CancellationToken,
) -> Result<Inflicted> {
    let Planned { at, fault, lasts } = planned;
    if heal.run_until_cancelled(sleep(at)).await.is_none() {
        return Ok(Inflicted::NotDone);
    }
    let over = heal.run_until_cancelled(sleep(lasts));
    match fault {
        Fault::Link(trouble, link) => {
            let proxy = world.proxies.get(&link).context("a proxy on every link")?;
            proxy.set(Some(trouble));
            over.await;
            proxy.set(None);
            Ok(Inflicted::Done)
        }
        Fault::Loss(loss, direction) => Ok(match world.broker.lose(loss, direction).await {
            Ok(()) => Inflicted::Done,
            // RabbitMQ is just being hurt otherwise.
            Err(_) => Inflicted::NotDone,
        }),
        Fault::Part(blow, Part::Postgres) => strike(&world.postgres, blow, over, &heal).await,
        Fault::Part(blow, Part::RabbitMq) => strike(&world.rabbitmq, blow, over, &heal).await,
        Fault::Part(blow, part) => {
            let program = world.programs.get(&part).context("a program for every part")?;
            strike(program, blow, over, &heal).await
        }
    }
}

/// A part that takes longer to get up again than was planned makes the next blow wait.
async fn strike(
    victim: &Mutex<impl Victim>,
    blow: Blow,
    over: impl Future,
    heal: &CancellationToken,
) -> Result<Inflicted> {
    let mut victim = victim.lock().await;
    if heal.is_cancelled() {
        return Ok(Inflicted::NotDone);
    }
    let process = victim.process().context("it does not run")?;
    if !process.running() {
        let obituary = process.obituary(process.ended().await);
        victim.start().await?;
        return Ok(Inflicted::Misbehaved(obituary));
    }
    let mut done = Inflicted::Done;
    match blow {
        Blow::Freeze => {
            process.signal_tree(Signal::STOP);
            over.await;
            process.signal_tree(Signal::CONT);
            return Ok(done);
        }
        Blow::Kill => victim.kill().await?,
        Blow::Restart => {
            if let Err(error) = victim.stop().await {
                done = Inflicted::Misbehaved(error.to_string());
            }
        }
    }
    over.await;
    victim.start().await?;
    Ok(done)
}
