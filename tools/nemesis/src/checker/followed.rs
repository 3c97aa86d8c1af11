//! The rules that must hold of what a side's feed gave of an order.

use shared_models::side::Side;

use super::case::{Case, Change, Evidence, Step};
use crate::violation::{Rule, Violation};

/// Everything that must not be about what the feeds gave of an order.
#[must_use]
pub fn check(case: &Case) -> Vec<Violation> {
    let of_side = |side| {
        let evidence = case.sides.at(side);
        let found = [gives_the_log(evidence), falls(evidence), rebuilds(evidence)];
        found.into_iter().flatten().map(move |why| format!("at the {side}, {why}"))
    };
    let found = Side::ALL.into_iter().flat_map(of_side);
    found.map(|why| Violation::of(case.id, Rule::Followed, why)).collect()
}

/// Each change is given once, and nothing else.
fn gives_the_log(evidence: &Evidence) -> Option<String> {
    let logged = evidence.in_feed().into_iter().map(|change| (change.event_id, change.version));
    let (logged, given) = (logged.collect::<Vec<_>>(), &evidence.followed.events);
    let same = logged.iter().zip(given).take_while(|(logged, given)| logged == given).count();
    (logged != *given).then(|| {
        let (count, of) = (given.len(), logged.len());
        let (given, logged) = (given.get(same), logged.get(same));
        format!("its feed gave {count} of {of} changes, as number {same} {given:?} for {logged:?}")
    })
}

/// No older version comes after a newer one, but where the order was put back between them.
fn falls(evidence: &Evidence) -> Option<String> {
    let order = evidence.in_feed();
    let place = |change: &Change| (evidence.set_backs_before(change.seq), change.version);
    let fall = order.windows(2).find(|pair| place(pair[0]) > place(pair[1]))?;
    let [before, after] = [fall[0], fall[1]].map(|it| (it.seq, it.version, it.event.kind));
    Some(format!("its feed has (seq, version) {after:?} after {before:?}"))
}

/// The newest event is the order, unless this was put back since.
fn rebuilds(evidence: &Evidence) -> Option<String> {
    let (row, newest) = (evidence.row.as_ref()?, evidence.followed.newest.as_ref());
    let is_put_back = matches!(evidence.steps().last(), Some(Step::SetBack(_)));
    let is_row =
        newest.is_some_and(|(version, shared)| (*version, shared) == (row.version, &row.shared));
    (!is_put_back && !is_row).then(|| format!("its feed makes {newest:?} of {row:?}"))
}
