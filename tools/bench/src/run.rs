//! A run from its beginning to its end.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use chrono::Utc;

use super::measures::Row;
use super::origin;
use super::progress::Progress;
use super::report::{Report, line};
use super::scale::Scale;
use super::world::World;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rows that are measured, in this order.
    pub rows: Vec<Row>,
    /// The durations and sizes.
    pub scale: Scale,
    /// The command that runs it again.
    pub command: String,
    /// The folder of data, logs and report.
    pub folder: PathBuf,
}

/// Starts everything, measures, and ends everything. What cannot be measured, or whose data are not
/// as they should be, does not keep the rest from being measured.
pub async fn run(options: &Options) -> Result<Report> {
    let (when, began, progress) = (Utc::now(), Instant::now(), Progress::default());
    progress.begin("starting PostgreSQL, RabbitMQ and the three programs");
    let mut world = World::start(&options.folder).await?;
    let machine = origin::machine(&world).await?;
    let (mut findings, mut failed) = (vec![], vec![]);
    for row in &options.rows {
        match row.measure(&mut world, &options.scale, &progress).await {
            Ok(finding) => {
                finding.measures.iter().for_each(|measure| progress.say(line(measure)));
                findings.push(finding);
            }
            Err(error) => {
                progress.say(format!("✗ {}: {error:#}", row.name()));
                failed.push((row.name(), format!("{error:#}")));
            }
        }
    }
    progress.begin("ending everything");
    drop(world);
    progress.finish();
    let (command, commit, took) = (options.command.clone(), origin::commit(), began.elapsed());
    Ok(Report { command, when, took, commit, machine, findings, failed })
}
