//! Carries out a fault, and heals it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use launcher::postgres::Postgres;
use launcher::process::Process;
use launcher::rabbitmq::RabbitMq;
use rustix::process::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::fault::{Blow, Fault};
use super::parts::Part;
use super::schedule::Planned;
use super::world::World;
use crate::Program;

/// How long a program may take to stop when it is asked to.
const STOP: Duration = Duration::from_secs(10);
/// The clock of a machine that has much else to do.
const ALLOWANCE: Duration = Duration::from_secs(2);

/// What came of a fault.
#[derive(Debug, PartialEq, Eq)]
pub enum Inflicted {
    /// It was done and healed.
    Done,
    /// It was not done: all was to heal before its turn came, or there was nobody to be hurt.
    NotDone,
    /// It was done, and the part did not take it as it should.
    Misbehaved(String),
}

/// Waits for the fault's time, carries it out, and heals it when its time is over, or all is to heal.
pub async fn inflict(
    world: Arc<World>,
    planned: Planned,
    heal: CancellationToken,
) -> Result<Inflicted> {
    let Planned { at, fault, lasts } = planned;
    if heal.run_until_cancelled(sleep(at)).await.is_none() {
        return Ok(Inflicted::NotDone);
    }
    let over = heal.run_until_cancelled_owned(sleep(lasts));
    let done = match fault {
        Fault::Link(trouble, link) => {
            let proxy = world.proxies.get(&link).context("a proxy on every link")?;
            proxy.set(Some(trouble));
            over.await;
            proxy.set(None);
            Inflicted::Done
        }
        Fault::Loss(loss, direction) => match world.broker.lose(loss, direction).await {
            Ok(()) => Inflicted::Done,
            // RabbitMQ is just being hurt otherwise.
            Err(_) => Inflicted::NotDone,
        },
        Fault::Part(blow, Part::Postgres) => {
            let mut postgres = world.postgres.lock().await;
            strike_postgres(&mut postgres, blow, over).await?
        }
        Fault::Part(blow, Part::RabbitMq) => {
            let mut rabbitmq = world.rabbitmq.lock().await;
            strike_rabbitmq(&mut rabbitmq, blow, over).await?
        }
        Fault::Part(blow, part) => {
            let program = world.programs.get(&part).context("a program for every part")?;
            strike_program(&mut *program.lock().await, blow, over).await?
        }
    };
    Ok(done)
}

async fn strike_program(program: &mut Program, blow: Blow, over: impl Future) -> Result<Inflicted> {
    let mut done = Inflicted::Done;
    if let Some(process) = program.process().filter(|process| !process.running()) {
        done = Inflicted::Misbehaved(process.obituary(process.ended().await));
    }
    match blow {
        Blow::Freeze => freeze(program.process(), over).await?,
        Blow::Kill => {
            program.kill().await;
            over.await;
            program.try_to_start().await?;
        }
        Blow::Restart => {
            if let Err(error) = program.try_to_stop(STOP + ALLOWANCE).await {
                done = Inflicted::Misbehaved(error.to_string());
            }
            over.await;
            program.try_to_start().await?;
        }
    }
    Ok(done)
}

async fn strike_postgres(
    postgres: &mut Postgres,
    blow: Blow,
    over: impl Future,
) -> Result<Inflicted> {
    match blow {
        Blow::Freeze => return freeze(postgres.process(), over).await.map(|()| Inflicted::Done),
        Blow::Kill => postgres.crash().await?,
        Blow::Restart => postgres.stop().await,
    }
    over.await;
    postgres.start_again().await?;
    Ok(Inflicted::Done)
}

async fn strike_rabbitmq(
    rabbitmq: &mut RabbitMq,
    blow: Blow,
    over: impl Future,
) -> Result<Inflicted> {
    match blow {
        Blow::Freeze => return freeze(rabbitmq.process(), over).await.map(|()| Inflicted::Done),
        Blow::Kill => rabbitmq.kill().await,
        Blow::Restart => rabbitmq.stop().await,
    }
    over.await;
    rabbitmq.start_again().await?;
    Ok(Inflicted::Done)
}

async fn freeze(process: Option<&Process>, over: impl Future) -> Result<()> {
    let process = process.context("it does not run")?;
    process.signal_tree(Signal::STOP);
    over.await;
    process.signal_tree(Signal::CONT);
    Ok(())
}
