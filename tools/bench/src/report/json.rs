//! The report for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::measure::Measure;

/// The report as JSON; null stands for what is not a number.
pub(super) fn json(report: &Report) -> Value {
    let measures = report.findings.iter().flat_map(|finding| {
        finding.measures.iter().map(|measure| entry(&finding.heading, measure))
    });
    let failed = report.failed.iter().map(|(heading, why)| json!({"heading": heading, "why": why}));
    json!({
        "measures": measures.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "machine": report.machine.0.iter().cloned().collect::<BTreeMap<_, _>>(),
        "when": report.when.to_rfc3339(),
        "commit": report.commit,
        "command": report.command,
        "took_seconds": report.took.as_secs_f64(),
    })
}

fn entry(heading: &str, measure: &Measure) -> Value {
    let (baseline, ratios) = (measure.baseline.as_ref(), measure.ratios());
    json!({
        "heading": heading,
        "name": measure.name,
        "value": measure.value.median,
        "lowest": measure.value.lowest,
        "highest": measure.value.highest,
        "runs": measure.value.runs,
        "unit": measure.unit,
        "baseline": baseline.map(|baseline| baseline.value.median),
        "baseline_what": baseline.map(|baseline| &baseline.what),
        "baseline_lowest": baseline.map(|baseline| baseline.value.lowest),
        "baseline_highest": baseline.map(|baseline| baseline.value.highest),
        "baseline_runs": baseline.map(|baseline| &baseline.value.runs),
        "ratio": ratios.as_ref().map(|ratios| ratios.median),
        "ratio_lowest": ratios.as_ref().map(|ratios| ratios.lowest),
        "ratio_highest": ratios.as_ref().map(|ratios| ratios.highest),
        "target": measure.target.number(),
        "target_is": measure.target.kind(),
        "met": measure.is_met(),
    })
}
