//! Carries out a fault, and heals it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use process_kit::rabbitmqctl;
use rustix::process::Signal;
use shared_models::names::queue;
use shared_models::side::{Direction, Side};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::alarm::alarm;
use super::fault::{Fault, ProcessFault, QueueFault};
use super::load::SharedLedger;
use super::parts::{Link, Part};
use super::proxy::Reset;
use super::restartable::Restartable;
use super::schedule::Planned;
use super::set_back::Look;
use super::violation::Rule;
use super::world::World;

/// The purges of a queue while no worker consumes from it, and the pause between them. (A
/// worker connects again after 50 ms, and then looks after the queues before it consumes.)
const PURGES: u32 = 4;
const BETWEEN_PURGES: Duration = Duration::from_millis(25);

/// Suspends the Raft process of a quorum queue: the queue is declared, and answers nothing.
const SUSPEND: &str = "sys:suspend(whereis('%2F_{queue}')).";

/// The outcome of a fault.
#[derive(Debug, PartialEq, Eq)]
pub enum Inflicted {
    /// The fault was inflicted and healed.
    Done,
    /// The fault was not inflicted: all was to heal already, or there was nothing to inflict it on.
    NotDone,
    /// The fault could not be inflicted: what it needs had another fault at the time, or it is
    /// broken itself.
    Failed(String),
    /// The fault was inflicted, and the part did not take it as it should.
    Misbehaved(Rule, String),
}

/// Waits for the fault's time, carries it out, and heals it when its time is over, or all is to
/// heal.
pub async fn inflict(
    world: Arc<World>,
    ledger: SharedLedger,
    planned: Planned,
    heal: CancellationToken,
) -> Result<Inflicted> {
    let Planned { at, fault, lasts } = planned;
    if heal.run_until_cancelled(sleep(at)).await.is_none() {
        return Ok(Inflicted::NotDone);
    }
    let over = heal.run_until_cancelled(sleep(lasts));
    // What happens after an alarm is for the alarm to look at.
    let _ongoing = (fault != Fault::Alarm).then(|| world.ongoing.begin());
    match fault {
        Fault::Alarm => alarm(&world, lasts, &heal).await,
        Fault::Link(fault, link) => {
            let proxy = world.proxies.get(&link).context("a proxy on every link")?;
            proxy.set(Some(fault));
            over.await;
            proxy.set(None);
            Ok(Inflicted::Done)
        }
        Fault::Reset(link) => {
            let proxy = world.proxies.get(&link).context("a proxy on every link")?;
            proxy.reset(Reset::WithAnAnswer);
            Ok(Inflicted::Done)
        }
        Fault::Queue(fault, direction) => {
            Ok(match inflict_on_queue(&world, fault, direction, &heal).await {
                Ok(inflicted) => inflicted,
                Err(error) => Inflicted::Failed(format!("{error:#}")),
            })
        }
        Fault::Source(fault, source) => {
            world.sources.inflict(fault, source, over).await?;
            Ok(Inflicted::Done)
        }
        Fault::SetBack(side) => set_back(&world, &ledger, side, over).await,
        Fault::Process(fault, Part::Postgres) => {
            inflict_on(&world.postgres, fault, over, &heal).await
        }
        Fault::Process(fault, Part::RabbitMq) => {
            inflict_on(&world.rabbitmq, fault, over, &heal).await
        }
        Fault::Process(fault, part) => {
            let program = world.programs.get(&part).context("a program for every part")?;
            inflict_on(program, fault, over, &heal).await
        }
    }
}

/// Inflicts a fault on a direction's queue. While RabbitMQ is restarted its API does not answer: then as
/// soon as it is there again.
async fn inflict_on_queue(
    world: &World,
    fault: QueueFault,
    direction: Direction,
    heal: &CancellationToken,
) -> Result<Inflicted> {
    let first = disturb(world, fault, direction, heal).await;
    if first.is_ok() {
        return first;
    }
    // Whoever restarts it keeps the lock until it runs.
    drop(world.rabbitmq.lock().await);
    if heal.is_cancelled() {
        return Ok(Inflicted::NotDone);
    }
    disturb(world, fault, direction, heal).await
}

async fn disturb(
    world: &World,
    fault: QueueFault,
    direction: Direction,
    heal: &CancellationToken,
) -> Result<Inflicted> {
    let was_there = match fault {
        QueueFault::Binding => world.broker.delete_binding(direction).await?,
        QueueFault::Queue => world.broker.delete_queue(direction).await?,
        QueueFault::Messages => purge(world, direction).await?,
        QueueFault::Process => {
            let suspend = SUSPEND.replace("{queue}", queue(direction));
            let rabbitmq = world.rabbitmq.lock().await;
            if heal.is_cancelled() {
                return Ok(Inflicted::NotDone);
            }
            rabbitmqctl::control(&rabbitmq, &["eval", &suspend]).await?;
            true
        }
    };
    Ok(if was_there { Inflicted::Done } else { Inflicted::NotDone })
}

/// A worker takes what comes at once, and what somebody holds is not purged. So the workers'
/// connections are reset, which gives back what they hold, and the queue is purged until they are
/// here again.
async fn purge(world: &World, direction: Direction) -> Result<bool> {
    for worker in [Part::Worker1, Part::Worker2] {
        let link = Link::new(worker, Part::RabbitMq);
        world.proxies.get(&link).context("a proxy on every link")?.reset(Reset::AtOnce);
    }
    let mut was_there = false;
    for _ in 0..PURGES {
        sleep(BETWEEN_PURGES).await;
        was_there |= world.broker.purge(direction).await?;
    }
    Ok(was_there)
}

/// Looks, and puts back what has changed when its time is over.
async fn set_back(
    world: &World,
    ledger: &SharedLedger,
    side: Side,
    over: impl Future,
) -> Result<Inflicted> {
    let setting_back = async {
        let look = Look::take(&world.databases, side).await?;
        over.await;
        look.put_back(world, ledger).await
    };
    Ok(match setting_back.await {
        Ok(1..) => Inflicted::Done,
        // Nothing had changed.
        Ok(0) => Inflicted::NotDone,
        Err(error) => Inflicted::Failed(format!("{error:#}")),
    })
}

/// Kills, freezes or restarts a process. One that takes longer to start again than was planned
/// makes the next fault wait.
async fn inflict_on(
    target: &Mutex<impl Restartable>,
    fault: ProcessFault,
    over: impl Future,
    heal: &CancellationToken,
) -> Result<Inflicted> {
    let mut target = target.lock().await;
    if heal.is_cancelled() {
        return Ok(Inflicted::NotDone);
    }
    let process = target.process().context("it does not run")?;
    if !process.running() {
        let exit = process.describe_exit(process.ended().await);
        target.start().await?;
        return Ok(Inflicted::Misbehaved(Rule::Runs, exit));
    }
    let mut done = Inflicted::Done;
    match fault {
        ProcessFault::Freeze => {
            process.signal_tree(Signal::STOP);
            over.await;
            process.signal_tree(Signal::CONT);
            return Ok(done);
        }
        ProcessFault::Kill => target.kill().await?,
        ProcessFault::Restart => {
            if let Err(error) = target.stop().await {
                done = Inflicted::Misbehaved(Rule::Runs, error.to_string());
            }
        }
    }
    over.await;
    target.start().await?;
    Ok(done)
}
