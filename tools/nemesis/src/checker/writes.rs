//! The rules that must hold between the clients' requests and the records of the sides.

use serde_json::Value;
use shared_models::event::EventKind;
use shared_models::side::Side;

use super::case::{Case, Change, Evidence};
use super::shown::differing;
use crate::ledger::{Outcome, Write};
use crate::seen::Seen;
use crate::violation::{Rule, Violation};
use crate::wanted::Wanted;

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let writes = case.writes.iter().filter_map(|write| {
        let evidence = case.sides.at(write.side);
        let (rule, why) = acknowledged(write, evidence).or_else(|| done_once(write, evidence))?;
        let (side, wanted) = (write.side, &write.wanted);
        Some(Violation::of(case.id, rule, format!("{wanted:?} at the {side} {why}")))
    });
    let changes = Side::ALL.into_iter().flat_map(|side| {
        let decided = case.sides.at(side).decided(side);
        decided.filter_map(move |change| {
            let why = unasked(case, side, change)?;
            Some(Violation::of(case.id, Rule::Asked, format!("at the {side}, {why}")))
        })
    });
    writes.chain(changes).collect()
}

/// The missing part of a write that was acknowledged. An order that was put back has some versions
/// twice.
fn acknowledged(write: &Write, evidence: &Evidence) -> Option<(Rule, String)> {
    let Outcome::Acknowledged(seen) = &write.outcome else { return None };
    let mut why = format!("and there is no version {}", seen.version);
    for change in evidence.history().filter(|change| change.version == seen.version) {
        why = missing(&write.wanted, seen, change, evidence)?;
    }
    Some((Rule::Acknowledged, format!("was acknowledged, {why}")))
}

/// The difference of a change to what was asked for, or to what was shown.
fn missing(wanted: &Wanted, seen: &Seen, change: &Change, evidence: &Evidence) -> Option<String> {
    let seq = change.seq;
    if !says(wanted, change, evidence) {
        return Some(format!("and seq {seq} does not say so"));
    }
    let differs = differing(seen, change, evidence)?;
    Some(format!("and seq {seq} has another {differs} than was shown"))
}

fn done_once(write: &Write, evidence: &Evidence) -> Option<(Rule, String)> {
    if write.wanted == Wanted::Void {
        return None;
    }
    let done = evidence.decided(write.side).filter(|change| made(&write.wanted, change, evidence));
    let seqs: Vec<_> = done.map(|change| change.seq).collect();
    let again = seqs.len() > 1;
    again.then(|| (Rule::Once, format!("was done more than once: as seq {seqs:?}")))
}

/// Why a change should not be.
fn unasked(case: &Case, side: Side, change: &Change) -> Option<String> {
    let mut refused = None;
    for write in case.writes.iter().filter(|write| write.side == side) {
        if made(&write.wanted, change, case.sides.at(side)) {
            match write.outcome {
                Outcome::Unknown | Outcome::Acknowledged(_) => return None,
                Outcome::Refused(status) => refused = Some(status),
            }
        }
    }
    let seq = change.seq;
    Some(match refused {
        Some(status) => format!("seq {seq} was done, and refused with {status}"),
        None => format!("seq {seq} was asked for by nobody"),
    })
}

/// Returns whether a change of a side is what a write would make.
fn made(wanted: &Wanted, change: &Change, evidence: &Evidence) -> bool {
    let concerned = match wanted {
        Wanted::Create(_) => change.event.kind == EventKind::Created,
        Wanted::Delivery { .. } => change.touches_delivery(),
        Wanted::Progress { .. } => change.touches_progress(),
        Wanted::Void => change.touches_progress() && !change.touches_delivery(),
        Wanted::Prices(_) | Wanted::Note { .. } => {
            let is_new = !evidence.private_before(change.seq).is_some_and(|it| wanted.is_noted(it));
            change.private.is_some() && !change.is_shared() && is_new
        }
    };
    concerned && says(wanted, change, evidence)
}

/// Returns whether, after a change, the order at a side says what was asked for.
fn says(wanted: &Wanted, change: &Change, evidence: &Evidence) -> bool {
    let change = match wanted {
        Wanted::Create(_) => evidence.history().next().unwrap_or(change),
        Wanted::Delivery { .. }
        | Wanted::Progress { .. }
        | Wanted::Void
        | Wanted::Prices(_)
        | Wanted::Note { .. } => change,
    };
    let private = evidence.private_after(change).unwrap_or(&Value::Null);
    wanted.is_met(&change.event.shared, private)
}
