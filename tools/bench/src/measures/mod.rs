//! The measures: a file for each row of the table, and their names.

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use shared_models::side::{Direction, Side};

use super::measure::Finding;
use super::progress::Progress;
use super::scale::Scale;
use super::world::World;

mod audit;
mod backlog;
mod batch;
mod carrying;
mod comparing;
mod crowded;
mod feeds;
mod figures;
mod growth;
mod hot;
mod lag;
mod memory;
mod post;
mod readings;
mod reads;
mod retention;
mod sources;
mod start;

/// The longest that anything may take that is measured: what takes longer has stopped.
const PATIENCE: Duration = Duration::from_secs(300);

const STORE: Direction = Direction { from: Side::Store };
const WAREHOUSE: Direction = Direction { from: Side::Warehouse };

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// Orders placed one by one: the store alone, and with the whole loop running.
    Post,
    /// Orders placed in batches.
    Batch,
    /// Orders that wait at the store, until all are at the warehouse; and what that costs.
    Sync,
    /// Progress that waits at the warehouse, until all of it is at the store; and what that costs.
    Back,
    /// The lag from the commit at the store to the commit at the warehouse.
    Lag,
    /// One order, edited as fast as it goes.
    Hot,
    /// One order read, and a page.
    Reads,
    /// The time in which the programs are ready.
    Start,
    /// Throughput and lag with few orders stored, and with many.
    Growth,
    /// The lag with many orders stored, while offers are worked off and lists are read.
    Crowded,
    /// The rate at which a log that has grown is compared.
    Comparing,
    /// The time in which all orders of both sides are compared, and the memory that it takes.
    Audit,
    /// The memory that a long backlog takes.
    Backlog,
    /// A thousand streams of the feed, and what following it costs those who place orders; clients
    /// that sync stock readings.
    Feeds,
    /// The cost of trimming the log, for those who edit orders.
    Retention,
    /// Posts loaded from a remote, edits sent there, and operators pulled from an upstream.
    Sources,
    /// The memory that the programs take, idle and under load.
    Memory,
}

impl Row {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The description.
    #[must_use]
    pub fn about(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    /// Measures it.
    pub async fn measure(
        self,
        world: &mut World,
        scale: &Scale,
        progress: &Progress,
    ) -> Result<Finding> {
        match self {
            Self::Post => post::measure(world, scale, progress).await,
            Self::Batch => batch::measure(world, scale, progress).await,
            Self::Sync => carrying::measure(STORE, world, scale, progress).await,
            Self::Back => carrying::measure(WAREHOUSE, world, scale, progress).await,
            Self::Lag => lag::measure(world, scale, progress).await,
            Self::Hot => hot::measure(world, scale, progress).await,
            Self::Reads => reads::measure(world, scale, progress).await,
            Self::Start => start::measure(world, scale, progress).await,
            Self::Growth => growth::measure(world, scale, progress).await,
            Self::Crowded => crowded::measure(world, scale, progress).await,
            Self::Comparing => comparing::measure(world, scale, progress).await,
            Self::Audit => audit::measure(world, scale, progress).await,
            Self::Backlog => backlog::measure(world, scale, progress).await,
            Self::Feeds => feeds::measure(world, scale, progress).await,
            Self::Retention => retention::measure(world, scale, progress).await,
            Self::Sources => sources::measure(world, scale, progress).await,
            Self::Memory => memory::measure(world, scale, progress).await,
        }
    }
}
