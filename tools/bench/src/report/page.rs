//! The page: one file that needs no other.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;
use super::cells::Cells;
use super::draw;
use super::figures::NONE;
use crate::measure::Finding;

const STYLE: &str = include_str!("page.css");
const HEADS: [&str; 6] = ["Measure", "Value", "Baseline", "Ratio", "Target", "Met"];

pub(super) fn page(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Lockstep against its baselines" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                main {
                    (failed(report))
                    (table(&report.findings))
                    @for finding in report.findings.iter().filter(|finding| !finding.charts.is_empty()) {
                        section {
                            h2 { (finding.heading) }
                            div.charts { @for chart in &finding.charts { (draw::figure(chart)) } }
                        }
                    }
                }
                footer {
                    p { "As numbers for programs: " code { "report.json" } ", next to this page." }
                }
            }
        }
    }
}

fn head(report: &Report) -> Markup {
    let (met, targets) = report.targets_met();
    html! {
        header {
            h1 { "Lockstep against its baselines" }
            p.lead {
                "A baseline is what the same machine can do at the most, measured in the same run, the two "
                "taking turns. So a ratio holds where the figures themselves do not: it is the median "
                "of pairs that ran one after the other."
            }
            @if targets > 0 {
                p.met { b { (met) " of " (targets) } " targets met" }
            }
            dl {
                (fact("When", &report.when.format("%Y-%m-%d %H:%M UTC").to_string()))
                (fact("Took", &took(report.took.as_secs())))
                (fact("Commit", &report.commit))
                @for (what, is) in &report.machine.0 { (fact(what, is)) }
                div { dt { "To run it again" } dd { code { (report.command) } } }
            }
        }
    }
}

fn fact(what: &str, is: &str) -> Markup {
    html! { div { dt { (what) } dd { (is) } } }
}

fn took(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn failed(report: &Report) -> Markup {
    html! {
        @if !report.failed.is_empty() {
            section.failed {
                h2 { "What went wrong" }
                @for (heading, why) in &report.failed { p { b { (heading) } ": " (why) } }
            }
        }
    }
}

fn table(findings: &[Finding]) -> Markup {
    html! {
        table {
            thead { tr { @for head in HEADS { th scope="col" { (head) } } } }
            @for finding in findings.iter().filter(|finding| !finding.measures.is_empty()) {
                tbody {
                    tr.group { th colspan="6" scope="colgroup" { (finding.heading) } }
                    @for measure in &finding.measures { (row(&Cells::from(measure))) }
                }
            }
        }
    }
}

fn row(cells: &Cells) -> Markup {
    let class = match cells.met {
        "✓" => "yes",
        "✗" => "no",
        _ => "open",
    };
    html! {
        tr.(class) {
            th scope="row" { (cells.name) }
            (cell(HEADS[1], &cells.value, &cells.spread))
            (cell(HEADS[2], &cells.baseline, &cells.what))
            (cell(HEADS[3], &cells.ratio, &cells.ratios))
            (cell(HEADS[4], &cells.target, ""))
            (cell(HEADS[5], cells.met, ""))
        }
    }
}

/// On a narrow screen, where a row stands as a block, the head stands before it.
fn cell(head: &str, text: &str, small: &str) -> Markup {
    let class = if text == NONE { "none" } else { "some" };
    html! {
        td.(class) data-head=(head) {
            span { (text) @if !small.is_empty() { small { (small) } } }
        }
    }
}
