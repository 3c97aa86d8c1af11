//! The rules that must hold of an order's change log at one side.

use std::collections::HashSet;

use shared_models::event::EventKind;
use shared_models::order::Shared;
use shared_models::side::Side;

use super::case::{Case, Change, Evidence, Step, short};
use crate::violation::{Rule, Violation};

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let each = |side| {
        let evidence = case.sides.at(side);
        let of_changes = [grows(evidence), recorded_once(evidence), published(evidence, side)];
        let of_states = [private(evidence, side), logged(evidence)];
        of_changes.into_iter().chain(of_states).flatten()
    };
    let of_sides = Side::ALL.into_iter().flat_map(|side| {
        let tell = move |(rule, why)| Violation::of(case.id, rule, format!("at the {side}, {why}"));
        each(side).map(tell)
    });
    of_sides.collect()
}

type Found = Vec<(Rule, String)>;

fn grows(evidence: &Evidence) -> Found {
    let mut found = vec![];
    let (mut version, mut shared) = (0, Shared::default());
    for step in evidence.steps() {
        match step {
            Step::SetBack(back) => (version, shared) = (back.to.version, back.to.shared.clone()),
            Step::Change(change) => {
                found.extend(falls(change, version, &shared));
                (version, shared) = (change.version, change.event.shared.clone());
            }
        }
    }
    found
}

/// Returns whether a change does not follow on the order before it.
fn falls(change: &Change, version: i64, before: &Shared) -> Found {
    let mut found = vec![];
    let (seq, after) = (change.seq, &change.event.shared);
    if change.version != version + 1 {
        let why = format!("seq {seq} has version {} after {version}", change.version);
        found.push((Rule::Grows, why));
    }
    let pairs = [
        (before.delivery.revision, after.delivery.revision),
        (before.progress.revision, after.progress.revision),
    ];
    for (before, later) in pairs.into_iter().filter(|(before, later)| !later.covers(*before)) {
        let (before, later) = (short(before), short(later));
        found.push((Rule::Grows, format!("seq {seq} goes from {before} to {later}")));
    }
    found
}

fn recorded_once(evidence: &Evidence) -> Found {
    let mut known = HashSet::new();
    // What arrived before the order was put back may arrive once more.
    let again = evidence
        .changes
        .iter()
        .filter(|change| !known.insert((change.event_id, evidence.set_backs_before(change.seq))));
    let why = |id, seq| format!("event {id} is recorded again, as seq {seq}");
    again.map(|change| (Rule::RecordedOnce, why(change.event_id, change.seq))).collect()
}

/// Changes that a side decided and that concern the peer are published, and no others.
fn published(evidence: &Evidence, side: Side) -> Found {
    let wrong = evidence.changes.iter().filter_map(|change| {
        let is_own = change.origin == side;
        let why = match (change.published, is_own && change.is_shared()) {
            _ if is_own && change.is_merge() && !change.is_of_a_fork() => {
                "is a merge that the peer makes itself, and is told as a change of its own"
            }
            (true, false) => "was published, which is no concern of the peer",
            (false, true) => "was never published",
            (true, true) | (false, false) => return None,
        };
        Some((Rule::Published, format!("seq {} {why}", change.seq)))
    });
    wrong.collect()
}

/// Nothing that arrives, no merge and no offer changes what only the side knows.
fn private(evidence: &Evidence, side: Side) -> Found {
    let is_edit = |change: &Change| {
        change.origin == side && !change.is_merge() && change.event.kind != EventKind::Offered
    };
    let overwritten =
        evidence.changes.iter().filter(|change| change.private.is_some() && !is_edit(change));
    let why = |change: &Change| format!("seq {} changes what only this side knows", change.seq);
    overwritten.map(|change| (Rule::Private, why(change))).collect()
}

fn logged(evidence: &Evidence) -> Found {
    let mut found = vec![];
    let mut differs = |why: String| found.push((Rule::Logged, why));
    match (&evidence.row, evidence.steps().last()) {
        (None, None) => {}
        (None, Some(_)) => differs("it is gone, and has a log".to_owned()),
        (Some(row), None) => differs(format!("it has version {} and no log", row.version)),
        (Some(row), Some(last)) => {
            let (seq, version, shared) = match last {
                Step::Change(change) => (change.seq, change.version, &change.event.shared),
                Step::SetBack(back) => (back.after, back.to.version, &back.to.shared),
            };
            if row.version != version || row.shared != *shared {
                differs(format!("it is not as seq {seq} left it"));
            }
            if evidence.private_before(i64::MAX).is_some_and(|private| *private != row.private) {
                differs("what is private is not as it was set last".to_owned());
            }
        }
    }
    found
}
