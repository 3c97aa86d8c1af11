//! The report of a run of the benchmark: a table, JSON for programs, and a page with its charts.

mod cells;
pub mod chart;
mod draw;
mod figures;
mod json;
pub mod machine;
mod page;
mod table;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};

use super::measure::{Finding, Measure};
use cells::Cells;
use machine::Machine;

/// A run.
#[derive(Debug)]
pub struct Report {
    /// The command that runs it again: `deploy/bench --quick`.
    pub command: String,
    /// When it began.
    pub when: DateTime<Utc>,
    /// The duration.
    pub took: Duration,
    /// The commit, and whether there was more than that.
    pub commit: String,
    /// On what.
    pub machine: Machine,
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Finding>,
    /// The failures: what could not be measured, or was answered wrongly, and why.
    pub failed: Vec<(String, String)>,
}

/// A measure in one line.
#[must_use]
pub fn line(measure: &Measure) -> String {
    Cells::from(measure).to_string()
}

impl Report {
    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        table::table(self)
    }

    /// The number of targets that are met, and of all targets.
    #[must_use]
    pub fn targets_met(&self) -> (usize, usize) {
        let measures = self.findings.iter().flat_map(|finding| &finding.measures);
        let met: Vec<_> = measures.filter_map(Measure::is_met).collect();
        (met.iter().filter(|met| **met).count(), met.len())
    }

    /// Writes `report.json` and `report.html` into a folder, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// Where that cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let json = serde_json::to_string_pretty(&json::json(self))?;
        for (name, text) in [("report.json", json), ("report.html", page::page(self).into_string())]
        {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}
