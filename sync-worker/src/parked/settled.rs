//! Merging both sides' answers to a request to settle parked changes. Pure.

use std::collections::HashMap;

use shared_models::parked::{LeftAlone, Settled};
use uuid::Uuid;

/// Merges the answers. A change is kept at one side, so the other does not know it; it counts as
/// unsettled only if no side settled it, with the reason of the side that knows it.
#[must_use]
pub(super) fn merged(answers: Vec<Settled>) -> Settled {
    let (sides, changed) = (answers.len(), answers.iter().map(|answer| answer.changed).sum());
    let mut reasons: HashMap<Uuid, Vec<String>> = HashMap::new();
    let mut order = vec![];
    for LeftAlone { id, reason } in answers.into_iter().flat_map(|answer| answer.left) {
        let of_one = reasons.entry(id).or_default();
        if of_one.is_empty() {
            order.push(id);
        }
        of_one.push(reason);
    }
    let left = order.into_iter().filter_map(|id| {
        let mut of_one = reasons.remove(&id).filter(|of_one| of_one.len() == sides)?;
        let known = of_one.iter().position(|reason| reason != LeftAlone::UNKNOWN);
        Some(LeftAlone { id, reason: of_one.swap_remove(known.unwrap_or(0)) })
    });
    Settled { changed, left: left.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(changed: u64, left: &[(u128, &str)]) -> Settled {
        let alone = |(id, reason): &(u128, &str)| LeftAlone {
            id: Uuid::from_u128(*id),
            reason: (*reason).to_owned(),
        };
        Settled { changed, left: left.iter().map(alone).collect() }
    }

    #[test]
    fn only_what_both_sides_leave_is_left_for_the_reason_of_the_one_that_knows_it() {
        let unknown = LeftAlone::UNKNOWN;
        // 1 is kept at the store, 2 at the warehouse, 3 was dropped there, 4 nobody knows, and 5
        // was offered again at the store.
        let store = answer(1, &[(2, unknown), (3, unknown), (4, unknown), (5, "offered")]);
        let warehouse = answer(1, &[(1, unknown), (3, "dropped"), (4, unknown), (5, unknown)]);
        let expected = answer(2, &[(3, "dropped"), (4, unknown), (5, "offered")]);
        assert_eq!(merged(vec![store, warehouse]), expected);
    }

    #[test]
    fn where_one_side_was_asked_its_word_stands() {
        let only = answer(3, &[(1, LeftAlone::UNKNOWN), (2, "dropped")]);
        assert_eq!(merged(vec![only.clone()]), only);
    }
}
