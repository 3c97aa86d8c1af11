//! The ids that a list has had so far. Pure.

use std::collections::BTreeSet;

/// The ids that a list has had so far: 8 bytes each, however many there are.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<i64>);

impl Seen {
    /// Returns whether the list has had an id.
    pub(super) fn has(&self, id: i64) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// Adds the ids of records, and takes those out that have one which the list has had; returns their ids. A record
    /// without an id stays.
    pub(super) fn add<T>(
        &mut self,
        records: &mut Vec<T>,
        id: impl Fn(&T) -> Option<i64>,
    ) -> Vec<i64> {
        let (mut ids, mut twice) = (BTreeSet::new(), vec![]);
        records.retain(|record| {
            let Some(id) = id(record) else { return true };
            let is_new = !self.has(id) && ids.insert(id);
            twice.extend((!is_new).then_some(id));
            is_new
        });
        let is_in_order = self.0.last() < ids.first();
        self.0.extend(ids);
        // Most remotes list their records in the order of the ids. Else it is two runs that are merged.
        if !is_in_order {
            self.0.sort();
        }
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(seen: &mut Seen, ids: &[i64]) -> (Vec<i64>, Vec<i64>) {
        let mut records = ids.to_vec();
        let twice = seen.add(&mut records, |id| (*id != 0).then_some(*id));
        (records, twice)
    }

    #[test]
    fn ids_are_found_in_whatever_order_they_come() {
        let mut seen = Seen::default();
        for ids in [[5, 7], [9, 8], [1, 6], [-3, 20]] {
            assert!(ids.iter().all(|id| !seen.has(*id)));
            assert_eq!(add(&mut seen, &ids), (ids.to_vec(), vec![]));
            assert!(ids.iter().all(|id| seen.has(*id)));
        }
        assert_eq!(seen.0, [-3, 1, 5, 6, 7, 8, 9, 20]);
    }

    #[test]
    fn a_record_with_an_id_that_was_there_is_taken_out_within_a_batch_and_between_two() {
        let mut seen = Seen::default();
        assert_eq!(add(&mut seen, &[5, 0, 5, 6]), (vec![5, 0, 6], vec![5]));
        assert_eq!(add(&mut seen, &[0, 6, 7, 5]), (vec![0, 7], vec![6, 5]));
    }
}
