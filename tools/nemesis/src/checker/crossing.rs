//! The rules that must hold between the two sides.

use shared_models::side::Side;

use super::case::{Case, short};
use crate::violation::{Rule, Violation};

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let arrivals = Side::ALL.into_iter().flat_map(|side| from_the_peer(case, side));
    arrivals.chain(equal(case)).collect()
}

/// Every change that came from the peer was decided and published there.
fn from_the_peer(case: &Case, side: Side) -> impl Iterator<Item = Violation> {
    let peer = side.peer();
    let there = &case.sides.at(peer).changes;
    let arrived = case.sides.at(side).changes.iter().filter(move |change| change.origin == peer);
    arrived.filter_map(move |change| {
        let known = there.iter().find(|known| known.event_id == change.event_id);
        let why = match known {
            Some(known) if known.published && known.origin == peer => return None,
            Some(_) => "which it did not decide or publish",
            None => "which it knows nothing of",
        };
        let (seq, event) = (change.seq, change.event_id);
        let why = format!("seq {seq} at the {side} is event {event} of the {peer}, {why}");
        Some(Violation::of(case.id, Rule::FromThePeer, why))
    })
}

fn equal(case: &Case) -> Option<Violation> {
    let rows = (&case.sides.store.row, &case.sides.warehouse.row);
    let why = match rows {
        (None, None) => return None,
        (Some(_), None) => "only the store has it".to_owned(),
        (None, Some(_)) => "only the warehouse has it".to_owned(),
        (Some(store), Some(warehouse)) if store.shared == warehouse.shared => return None,
        (Some(store), Some(warehouse)) => {
            let [store, warehouse] = [store, warehouse].map(|row| {
                let (delivery, progress) = (&row.shared.delivery, &row.shared.progress);
                let status = progress.value.status;
                let revisions = (short(delivery.revision), short(progress.revision));
                format!("delivery {}, progress {} ({status})", revisions.0, revisions.1)
            });
            format!("the store has {store}; the warehouse {warehouse}")
        }
    };
    Some(Violation::of(case.id, Rule::Equal, why))
}
