//! A run from its beginning to its end.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::measure::{Finding, Measure};
use super::measures::Row;
use super::progress::Progress;
use super::scale::Scale;
use super::world::World;

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is measured, in this order.
    pub rows: Vec<Row>,
    /// How much, and how long.
    pub scale: Scale,
    /// Where data, logs and the report go.
    pub folder: PathBuf,
}

/// Starts everything, measures, and ends everything.
pub async fn run(options: &Options) -> Result<Vec<Finding>> {
    let progress = Progress::default();
    progress.begin("starting PostgreSQL, RabbitMQ and the three programs");
    let mut world = World::start(&options.folder).await?;
    let mut findings = vec![];
    for row in &options.rows {
        let measured = row.measure(&mut world, &options.scale, &progress).await;
        let finding = measured.with_context(|| format!("measuring {}", row.name()))?;
        finding.measures.iter().for_each(|measure| progress.say(line(measure)));
        findings.push(finding);
    }
    progress.begin("ending everything");
    drop(world);
    progress.finish();
    Ok(findings)
}

/// A measure, as soon as it is there.
fn line(Measure { name, value, unit, beside, .. }: &Measure) -> String {
    let beside = beside.as_ref().map(|beside| {
        let ratio = value.median / beside.value.median;
        format!(", {ratio:.2} of {:.0} ({})", beside.value.median, beside.what)
    });
    format!("{name}: {:.0} {unit}{}", value.median, beside.unwrap_or_default())
}
