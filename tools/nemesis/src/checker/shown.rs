//! Reads of clients against what the sides have recorded.

use serde_json::Value;

use super::case::{Case, Change, Evidence};
use crate::ledger::Read;
use crate::seen::{Content, Seen};
use crate::violation::{Rule, Violation};

/// Holds reads against the change log; `writes` does so with the answers to writes.
pub(super) fn check(case: &Case) -> Vec<Violation> {
    let wrong = case.reads.iter().filter_map(|read| {
        let Read { side, at, .. } = read;
        let why = unlogged(&read.seen, case.sides.at(*side))?;
        let (at, version) = (at.as_secs_f64(), read.seen.version);
        let why = format!("version {version} was read at the {side} at {at:.3} s, {why}");
        Some(Violation::of(case.id, Rule::Shown, why))
    });
    wrong.collect()
}

/// Why what was read never stood there. An order that was put back has some versions twice: what was
/// read may be either, and which of them does not show.
fn unlogged(seen: &Seen, evidence: &Evidence) -> Option<String> {
    let mut why = "which the log does not have".to_owned();
    for change in evidence.history().filter(|change| change.version == seen.version) {
        let differs = differing(seen, change, evidence)?;
        why = format!("and seq {} has another {differs}", change.seq);
    }
    Some(why)
}

/// Returns the parts of a change that are other than what was shown.
pub(super) fn differing(seen: &Seen, change: &Change, evidence: &Evidence) -> Option<&'static str> {
    let content = seen.order.as_ref()?;
    let (shown, logged) = (&content.shared, &change.event.shared);
    if shown.delivery != logged.delivery {
        return Some("delivery");
    }
    if shown.progress != logged.progress {
        return Some("progress");
    }
    differing_in_private(content, evidence.private_after(change).unwrap_or(&Value::Null))
}

/// The private field that was shown otherwise than it was recorded.
fn differing_in_private(content: &Content, private: &Value) -> Option<&'static str> {
    let shown = &content.shown;
    // What nobody has set is shown as null, and may be recorded so or not at all.
    let is_other = |field: &&str| shown[*field] != private[*field];
    if let Some(field) = ["currency", "bin", "picker_note"].into_iter().find(is_other) {
        return Some(field);
    }
    let prices = private.get("unit_prices")?;
    let is_other =
        |line: &Value| line["sku"].as_str().is_none_or(|sku| prices[sku] != line["unit_price"]);
    shown["lines"].as_array()?.iter().any(is_other).then_some("unit_price")
}
