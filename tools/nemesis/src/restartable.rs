//! Programs, and servers with all of their processes, as something to kill, freeze and restart.

use std::time::Duration;

use anyhow::Result;
use launcher::postgres::Postgres;
use launcher::process::Process;
use launcher::rabbitmq::RabbitMq;
use process_kit::Program;

/// The longest that a program may take to stop, on a machine that has much else to do.
const STOP: Duration = Duration::from_secs(12);

/// Something that runs, and can be started again.
pub(super) trait Restartable {
    /// Its process, while there is one.
    fn process(&self) -> Option<&Process>;
    /// SIGKILL, for all processes of it.
    async fn kill(&mut self) -> Result<()>;
    /// Asks it to stop; an error says how it misbehaved.
    async fn stop(&mut self) -> Result<()>;
    /// Starts it again, and waits until it answers.
    async fn start(&mut self) -> Result<()>;
}

impl Restartable for Program {
    fn process(&self) -> Option<&Process> {
        Self::process(self)
    }

    async fn kill(&mut self) -> Result<()> {
        Self::kill(self).await;
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.try_to_stop(STOP).await
    }

    async fn start(&mut self) -> Result<()> {
        self.try_to_start().await
    }
}

impl Restartable for Postgres {
    fn process(&self) -> Option<&Process> {
        Self::process(self)
    }

    async fn kill(&mut self) -> Result<()> {
        self.crash().await
    }

    async fn stop(&mut self) -> Result<()> {
        Self::stop(self).await;
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        self.start_again().await
    }
}

impl Restartable for RabbitMq {
    fn process(&self) -> Option<&Process> {
        Self::process(self)
    }

    async fn kill(&mut self) -> Result<()> {
        Self::kill(self).await;
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        Self::stop(self).await;
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        self.start_again().await
    }
}
