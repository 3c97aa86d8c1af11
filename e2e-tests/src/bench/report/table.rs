//! The table for a terminal.

use std::fmt::Write as _;

use super::Report;

pub(super) fn table(report: &Report) -> String {
    let mut table = String::new();
    for finding in &report.findings {
        let _ = writeln!(table, "{}", finding.heading);
        for measure in &finding.measures {
            let _ = writeln!(table, "  {} {} {}", measure.name, measure.value.median, measure.unit);
        }
    }
    table
}
