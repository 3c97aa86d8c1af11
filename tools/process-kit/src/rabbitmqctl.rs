//! RabbitMQ's own control program, as tests use it: raises and releases the memory alarm, and holds
//! up what is written to the disk.

use std::time::Duration;

use anyhow::{Context, Result};
use launcher::process::Process;
use launcher::rabbitmq::RabbitMq;
use launcher::recipe::Recipe;
use tokio::time::timeout;

/// The time that `rabbitmqctl` may take on a machine that has much else to do.
const CONTROL: Duration = Duration::from_secs(120);

/// Shares of the machine's memory: any use of it is too much, and what is set where nobody sets it.
const NO_MEMORY: &str = "0.000001";
const MEMORY: &str = "0.4";

/// Raises the memory alarm: RabbitMQ blocks whoever publishes.
pub async fn raise_alarm(rabbitmq: &RabbitMq) -> Result<()> {
    control(rabbitmq, &["set_vm_memory_high_watermark", NO_MEMORY]).await
}

/// Releases the memory alarm.
pub async fn release_alarm(rabbitmq: &RabbitMq) -> Result<()> {
    control(rabbitmq, &["set_vm_memory_high_watermark", MEMORY]).await
}

/// Suspends the process that writes the log of all quorum queues, as a disk does that does not
/// answer: no queue answers. The process stays so after `rabbitmqctl` has ended, which has only sent
/// it a message.
pub async fn suspend_write_ahead_log(rabbitmq: &RabbitMq) -> Result<()> {
    control(rabbitmq, &["eval", "ok = sys:suspend(ra_log_wal)."]).await
}

/// Resumes the process that writes the log of all quorum queues.
pub async fn resume_write_ahead_log(rabbitmq: &RabbitMq) -> Result<()> {
    control(rabbitmq, &["eval", "ok = sys:resume(ra_log_wal)."]).await
}

/// Runs `rabbitmqctl`.
pub async fn control(rabbitmq: &RabbitMq, arguments: &[&str]) -> Result<()> {
    let program = rabbitmq.control();
    let recipe = Recipe::new("rabbitmqctl", &program, &program.with_extension("log"));
    let running = Process::complete(recipe.args(arguments).clean());
    timeout(CONTROL, running).await.context("rabbitmqctl does not end")?
}
