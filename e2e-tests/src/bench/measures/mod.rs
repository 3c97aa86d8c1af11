//! What is measured: a file for each row of the table, and what they are called.

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use shared_models::site::{Direction, Site};

use super::measure::Finding;
use super::progress::Progress;
use super::scale::Scale;
use super::world::World;

mod carrying;
mod post;

/// How long anything may take that is measured: what takes longer has stopped.
const PATIENCE: Duration = Duration::from_secs(300);

const STORE: Direction = Direction { from: Site::Store };
const WAREHOUSE: Direction = Direction { from: Site::Warehouse };

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// Orders placed one by one: the store alone, and with the whole loop running.
    Post,
    /// Orders that wait at the store, until all are at the warehouse.
    Sync,
    /// Progress that waits at the warehouse, until all of it is at the store.
    Back,
}

impl Row {
    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it measures.
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
            Self::Sync => carrying::measure(STORE, world, scale, progress).await,
            Self::Back => carrying::measure(WAREHOUSE, world, scale, progress).await,
        }
    }
}
