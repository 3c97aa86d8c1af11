//! The table for a terminal.

use std::fmt::Write as _;

use super::Report;
use super::cells::Cells;
use crate::measure::Finding;

/// Between two columns.
const GAP: &str = "  ";

/// A column: its head, which side its cells keep to, and what stands in it.
type Column = (&'static str, Align, fn(&Cells) -> &str);

#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
}

const COLUMNS: [Column; 8] = [
    ("measure", Align::Left, |cells| &cells.name),
    ("value", Align::Right, |cells| &cells.value),
    ("lowest … highest", Align::Right, |cells| &cells.spread),
    ("baseline", Align::Right, |cells| &cells.baseline),
    ("ratio", Align::Right, |cells| &cells.ratio),
    ("target", Align::Left, |cells| &cells.target),
    ("", Align::Left, |cells| cells.met),
    ("baseline is", Align::Left, |cells| &cells.what),
];

pub(super) fn table(report: &Report) -> String {
    let groups = report.findings.iter().map(|finding| (finding.heading.as_str(), rows(finding)));
    let groups: Vec<_> = groups.filter(|(_, rows)| !rows.is_empty()).collect();
    let widths = COLUMNS.map(|(head, _, cell)| {
        let cells = groups.iter().flat_map(|(_, rows)| rows).map(|cells| width(cell(cells)));
        cells.chain([width(head)]).max().unwrap_or(0)
    });
    let mut table = line(widths, |(head, ..)| head);
    for (heading, rows) in &groups {
        let _ = write!(table, "\n{heading}\n");
        rows.iter().for_each(|cells| table += &line(widths, |(.., cell)| cell(cells)));
    }
    for (heading, why) in &report.failed {
        let _ = write!(table, "\n✗ {heading}: {why}\n");
    }
    let (met, targets) = report.targets_met();
    let _ = write!(table, "\n{met} of {targets} targets met\n");
    table
}

fn rows(finding: &Finding) -> Vec<Cells> {
    finding.measures.iter().map(Cells::from).collect()
}

fn line<'a>(widths: [usize; 8], cell: impl Fn(Column) -> &'a str) -> String {
    let padded =
        COLUMNS.iter().zip(widths).map(|(column, width)| pad(cell(*column), column.1, width));
    let line = padded.collect::<Vec<_>>().join(GAP);
    format!("{}\n", line.trim_end())
}

fn pad(cell: &str, align: Align, to: usize) -> String {
    match align {
        Align::Left => format!("{cell:<to$}"),
        Align::Right => format!("{cell:>to$}"),
    }
}

/// The width as `format!` counts it.
fn width(cell: &str) -> usize {
    cell.chars().count()
}
