//! What is measured: a file for each row of the table, and what they are called.

use anyhow::Result;
use clap::ValueEnum;

use super::measure::Finding;
use super::progress::Progress;
use super::scale::Scale;
use super::world::World;

mod post;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// Orders placed one by one: the store alone, and with the whole loop running.
    Post,
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
        }
    }
}
