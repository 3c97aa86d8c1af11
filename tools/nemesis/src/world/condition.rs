//! The condition of the programs of a run.

use std::time::Duration;

use anyhow::Result;
use test_kit::get;

use super::World;
use crate::parts::Part;

/// The longest that the programs may take to be ready at the beginning.
const READY: Duration = Duration::from_secs(60);

impl World {
    /// Where each program says how it is doing.
    pub fn self_descriptions(&self) -> impl Iterator<Item = (Part, String)> {
        self.urls.iter().map(|(part, url)| match part {
            Part::Worker1 | Part::Worker2 => (*part, format!("{url}/v1/directions")),
            Part::Store | Part::Warehouse | Part::RabbitMq | Part::Postgres => {
                (*part, format!("{url}/v1/relay"))
            }
        })
    }

    /// Waits until all programs say that they are ready.
    pub async fn ready(&self) -> Result<()> {
        for (part, url) in &self.urls {
            let url = format!("{url}/health/ready");
            let ready = async || match get(&url).await {
                Ok(answer) => answer.status().is_success(),
                Err(_) => false,
            };
            let what = format!("the {part} to be ready");
            launcher::wait::until(&what, READY, ready).await?;
        }
        Ok(())
    }

    /// The last words of each program that has ended by itself.
    pub async fn ended_by_themselves(&self) -> Vec<String> {
        let mut exits = vec![];
        for program in self.programs.values() {
            let program = program.lock().await;
            if let Some(process) = program.process().filter(|process| !process.running()) {
                exits.push(process.describe_exit(None));
            }
        }
        exits
    }
}
