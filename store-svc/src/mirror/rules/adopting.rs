//! Which records of the remote are those whose creation was begun here, and never answered.

use std::cmp::Reverse;
use std::collections::HashMap;

use uuid::Uuid;

use super::loading::Remote;
use crate::mirrored::record::Record;

/// A record of the remote, with the marker of the attempt that created it, if the remote keeps one.
pub(in crate::mirror) type Marked = (Remote, Option<Uuid>);

/// Returns the records whose creation was begun, by the ids at the remote of what it has created. Markers
/// come first; then a record without one is the first that was sent with the same contents.
pub(in crate::mirror) fn adoptions<'a>(
    remotes: impl Iterator<Item = &'a Marked> + Clone,
    attempted: Vec<Record>,
) -> HashMap<i64, Record> {
    let of_attempt = |record: Record| Some((record.mirror.attempt()?, record));
    let mut attempted = attempted.into_iter().filter_map(of_attempt).collect::<HashMap<_, _>>();
    let of_marker = |(remote, marker): &Marked| Some((remote.id, attempted.remove(&(*marker)?)?));
    let mut adoptions = remotes.clone().filter_map(of_marker).collect::<HashMap<_, _>>();
    let mut left = attempted.into_values().collect::<Vec<_>>();
    // A removed record comes last: it must not take what another one has created.
    left.sort_unstable_by_key(|record| Reverse((record.deleted, record.id)));
    let mut by_contents = HashMap::<_, Vec<_>>::new();
    for record in left {
        let digest = record.mirror.sending.as_ref().map(|sending| sending.content.digest());
        by_contents.entry(digest).or_default().push(record);
    }
    let unmarked = remotes.filter(|(_, marker)| marker.is_none());
    let of_contents = |(remote, _): &Marked| {
        Some((remote.id, by_contents.get_mut(&Some(remote.digest.clone()))?.pop()?))
    };
    adoptions.extend(unmarked.filter_map(of_contents));
    adoptions
}

#[cfg(test)]
mod tests {
    use super::super::samples::{content, handed_out, post};
    use super::*;

    fn attempted(id: i64, attempt: u128) -> Record {
        handed_out(Record { id, ..post() }, Some(attempt))
    }

    fn remote(id: i64, name: &str, marker: Option<u128>) -> Marked {
        (Remote::new(id, content(name)), marker.map(Uuid::from_u128))
    }

    /// Returns the ids at the remote, and those here, of what is adopted.
    fn pairs(remotes: &[Marked], attempted: &[Record]) -> Vec<(i64, i64)> {
        let adopted = adoptions(remotes.iter(), attempted.to_vec()).into_iter();
        let mut pairs = adopted.map(|(there, record)| (there, record.id)).collect::<Vec<_>>();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn a_removed_record_takes_nothing_that_another_one_may_have_created() {
        let removed = Record { deleted: true, ..attempted(1, 1) };
        let remotes = [remote(9, "A", None)];
        assert_eq!(pairs(&remotes, &[removed.clone(), attempted(2, 2)]), [(9, 2)]);
        assert_eq!(pairs(&remotes, &[removed]), [(9, 1)]);
    }

    #[test]
    fn a_marker_further_on_takes_its_record_before_equal_contents_do() {
        let remotes = [remote(70, "A", None), remote(71, "A", Some(1))];
        assert_eq!(pairs(&remotes, &[attempted(5, 1)]), [(71, 5)]);
        assert_eq!(pairs(&remotes, &[attempted(5, 1), attempted(6, 2)]), [(70, 6), (71, 5)]);
    }

    #[test]
    fn what_another_attempt_has_created_is_not_taken_for_its_contents() {
        assert_eq!(pairs(&[remote(70, "A", Some(9))], &[attempted(5, 1)]), []);
    }

    #[test]
    fn equal_contents_are_one_record_each_the_first_ones_first() {
        let remotes = [remote(70, "A", None), remote(71, "A", None), remote(72, "B", None)];
        let here = [attempted(6, 2), attempted(5, 1)];
        assert_eq!(pairs(&remotes, &here), [(70, 5), (71, 6)]);
        assert_eq!(pairs(&remotes, &here[..1]), [(70, 6)]);
        assert_eq!(pairs(&remotes[2..], &here), []);
    }
}
