//! What must hold of an order's change log at one site.

use std::collections::HashSet;

use shared_models::site::Site;

use super::case::{Case, Side, short};
use crate::nemesis::violation::{Rule, Violation};

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let each = |site| {
        let side = case.sides.at(site);
        [grows(side), recorded_once(side), published(side, site), logged(side)].concat().into_iter()
    };
    let of_sites = Site::ALL.into_iter().flat_map(|site| {
        let tell = move |(rule, why)| Violation::of(case.id, rule, format!("at the {site}, {why}"));
        each(site).map(tell)
    });
    of_sites.collect()
}

type Found = Vec<(Rule, String)>;

fn grows(side: &Side) -> Found {
    let mut found = vec![];
    for (change, version) in side.history().zip(1..) {
        if change.version != version {
            let why = format!("seq {} has version {}, not {version}", change.seq, change.version);
            found.push((Rule::Grows, why));
            break;
        }
    }
    for (before, after) in side.history().zip(side.history().skip(1)) {
        let pairs = [
            (before.event.shared.delivery.revision, after.event.shared.delivery.revision),
            (before.event.shared.progress.revision, after.event.shared.progress.revision),
        ];
        for (before, later) in pairs {
            if !later.covers(before) {
                let (seq, before, later) = (after.seq, short(before), short(later));
                found.push((Rule::Grows, format!("seq {seq} goes from {before} to {later}")));
            }
        }
    }
    found
}

fn recorded_once(side: &Side) -> Found {
    let mut known = HashSet::new();
    let again = side.changes.iter().filter(|change| !known.insert(change.event_id));
    let why = |id, seq| format!("event {id} is recorded again, as seq {seq}");
    again.map(|change| (Rule::RecordedOnce, why(change.event_id, change.seq))).collect()
}

/// What a site decided and concerns the peer is published, and nothing else.
fn published(side: &Side, site: Site) -> Found {
    let wrong = side.changes.iter().filter_map(|change| {
        let is_to_be = change.origin == site && change.is_shared();
        let why = match (change.published, is_to_be) {
            (true, false) => "was published, which is no concern of the peer",
            (false, true) => "was never published",
            (true, true) | (false, false) => return None,
        };
        Some((Rule::Published, format!("seq {} {why}", change.seq)))
    });
    wrong.collect()
}

fn logged(side: &Side) -> Found {
    let mut found = vec![];
    let mut differs = |why: String| found.push((Rule::Logged, why));
    match (&side.row, side.history().next_back()) {
        (None, None) => {}
        (None, Some(last)) => differs(format!("it is gone, and its log ends with {}", last.seq)),
        (Some(row), None) => differs(format!("it has version {} and no log", row.version)),
        (Some(row), Some(last)) => {
            if row.version != last.version || row.shared != last.event.shared {
                differs(format!("it is not as seq {} left it", last.seq));
            }
            let private = side.history().rev().find_map(|change| change.private.as_ref());
            if private.is_some_and(|private| *private != row.private) {
                differs("what is private is not as it was set last".to_owned());
            }
        }
    }
    found
}
