//! Where Lockstep and its baselines run: durable servers, three databases, three programs.
//!
//! PostgreSQL and RabbitMQ are those of the launcher, as `deploy/up` starts them; Lockstep and its
//! baselines share them. The programs run as they do in operation: release builds, roles of their
//! own, tokens, the settings that come with them.

mod agreeing;
pub mod checks;
pub mod connected;
pub mod copies;
mod database;
mod filling;
mod programs;
mod servers;
pub mod sides;
pub mod template;
pub mod usage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use launcher::scratch::Scratch;
use launcher::wait;
use process_kit::{Both, Program};
use shared_models::side::{Direction, Side};

pub use database::Database;
use programs::Programs;
pub use servers::BASELINE;
use servers::Servers;
use template::Template;
use usage::Watch;

use crate::baseline::broker;

/// The longest that anything may take which is not itself measured.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that runs. Dropping it ends it, and removes its data.
#[derive(Debug)]
pub struct World {
    /// The store's service.
    pub store: Program,
    /// The warehouse's service.
    pub warehouse: Program,
    /// The worker.
    pub worker: Program,
    /// The databases of both sides, for an administrator.
    pub databases: Both<Database>,
    /// A database with the same tables, for what is measured without Lockstep.
    pub baseline: Database,
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The memory that the programs have taken.
    pub memory: Watch,
    template: Option<Template>,
    // Last, for fields are dropped in order: the folder goes when nobody writes to it any more.
    scratch: Scratch,
}

impl World {
    /// Starts everything, and waits until it is ready. The data are in a folder that does not stay;
    /// the logs do.
    pub async fn start(folder: &Path) -> Result<Self> {
        let logs = folder.join("logs");
        if logs.exists() {
            std::fs::remove_dir_all(&logs)?;
        }
        std::fs::create_dir_all(&logs)?;
        let folder = std::fs::canonicalize(folder)?;
        let (logs, scratch) = (folder.join("logs"), Scratch::new(&folder.join("scratch"))?);
        let servers = Servers::start(scratch.path(), &logs).await?;
        let Programs { store, warehouse, worker } =
            Programs::make(&servers, scratch.path(), &logs).await?;
        let databases = Both {
            store: servers.database(Side::Store.as_str()).await?,
            warehouse: servers.database(Side::Warehouse.as_str()).await?,
        };
        let baseline = servers.database(BASELINE).await?;
        let (memory, template) = (Watch::begin()?, None);
        let mut world = Self {
            store,
            warehouse,
            worker,
            databases,
            baseline,
            servers,
            memory,
            template,
            scratch,
        };
        for program in [&mut world.store, &mut world.warehouse, &mut world.worker] {
            program.try_to_start().await?;
        }
        world.watched();
        world.ready().await?;
        Ok(world)
    }

    /// The service of a side.
    #[must_use]
    pub const fn program(&self, side: Side) -> &Program {
        match side {
            Side::Store => &self.store,
            Side::Warehouse => &self.warehouse,
        }
    }

    /// The folder of this run's data.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    /// The processes there are have changed.
    pub fn watched(&self) {
        let running = [&self.store, &self.warehouse, &self.worker].into_iter();
        let pids = running.filter_map(|program| Some(program.process()?.identity().pid));
        self.memory.of(pids.collect());
    }

    /// Waits until all that runs is ready.
    pub async fn ready(&self) -> Result<()> {
        for program in [&self.store, &self.warehouse, &self.worker] {
            if program.process().is_some() {
                let ready = async || sides::is_ready(program).await;
                wait::until("the programs to be ready", PATIENCE, ready).await?;
            }
        }
        let offers_made = async || {
            let waiting = self.databases.store.number("select count(*) from offers").await;
            waiting.is_ok_and(|waiting| waiting == 0)
        };
        wait::until("the offers that the worker asks for", PATIENCE, offers_made).await
    }

    /// Neither side publishes, and nobody carries: what is written stays where it is. What the
    /// worker has left in its queues is removed: else it would come to sides that have been
    /// cleared.
    pub async fn stand_still(&mut self) -> Result<()> {
        sides::pause(&self.store).await?;
        sides::pause(&self.warehouse).await?;
        let carried = self.worker.process().is_some();
        if carried {
            self.worker.try_to_stop(PATIENCE).await?;
        }
        for side in [&self.store, &self.warehouse] {
            let paused = async || sides::is_paused(side).await;
            wait::until("a side to publish nothing more", PATIENCE, paused).await?;
        }
        if carried {
            for direction in Direction::ALL {
                broker::purge(self, direction).await?;
            }
        }
        Ok(())
    }

    /// Both services begin with what a process has that has done nothing yet.
    pub async fn start_services_anew(&mut self) -> Result<()> {
        for program in [&mut self.store, &mut self.warehouse] {
            program.try_to_stop(PATIENCE).await?;
            program.try_to_start().await?;
        }
        self.watched();
        Ok(())
    }

    /// The worker runs, and waits for what comes.
    pub async fn start_worker(&mut self) -> Result<()> {
        if self.worker.process().is_none() {
            self.worker.try_to_start().await?;
            self.watched();
        }
        self.ready().await
    }

    /// The whole loop runs.
    pub async fn go_round(&mut self) -> Result<()> {
        self.start_worker().await?;
        sides::resume(&self.store).await?;
        sides::resume(&self.warehouse).await
    }

    /// Empties all tables, so that every turn begins with the same: nothing, and no pages that
    /// are yet to be written.
    pub async fn clear(&self) -> Result<()> {
        for database in [&self.databases.store, &self.databases.warehouse, &self.baseline] {
            database.clear().await?;
        }
        self.baseline.run("checkpoint").await
    }
}
