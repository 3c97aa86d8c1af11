//! Folding the events of a record into the one thing that is to be done at the remote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::MirrorEvent;

/// What happened to a record, as folding sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happened {
    /// The record was created here.
    Created,
    /// The record was changed here.
    Changed,
    /// The record was removed here.
    Removed,
    /// The record was offered again, or the mirror has to look at it for another reason.
    Offered,
    /// The record was loaded from the remote.
    Loaded,
    /// The mirror stored what the remote answered.
    Sent,
    /// The mirror removed it, as the remote has it no more.
    RemovedThere,
}

impl Happened {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Changed,
        Self::Removed,
        Self::Offered,
        Self::Loaded,
        Self::Sent,
        Self::RemovedThere,
    ];

    /// Returns whether a caller made the change here.
    #[must_use]
    pub const fn is_made_here(self) -> bool {
        match self {
            Self::Created | Self::Changed | Self::Removed => true,
            Self::Offered | Self::Loaded | Self::Sent | Self::RemovedThere => false,
        }
    }

    /// Returns what an event says. `is_local` is whether its `source` is `local`.
    #[must_use]
    pub const fn of(event: MirrorEvent, is_local: bool) -> Self {
        match (event, is_local) {
            (MirrorEvent::Removed, false) => Self::RemovedThere,
            (MirrorEvent::Removed, true) => Self::Removed,
            (MirrorEvent::Created, _) => Self::Created,
            (MirrorEvent::Changed, _) => Self::Changed,
            (MirrorEvent::Offered, _) => Self::Offered,
            (MirrorEvent::Loaded, _) => Self::Loaded,
            (MirrorEvent::Sent, _) => Self::Sent,
        }
    }
}

/// What the events of a record come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folded {
    /// The record is to be created.
    Create,
    /// The record is to be updated.
    Update,
    /// The record is to be deleted.
    Delete,
}

/// Folds an event into what the earlier ones came to; `None` is nothing. What is sent is the record as it
/// is then, so that no contents are folded.
#[must_use]
pub const fn fold(so_far: Option<Folded>, event: Happened) -> Option<Folded> {
    match (so_far, event) {
        // The remote has done it itself, or has it from here.
        (so_far, Happened::Loaded | Happened::Sent) => so_far,
        (_, Happened::RemovedThere) => None,
        (_, Happened::Created) => Some(Folded::Create),
        (None | Some(Folded::Update), Happened::Changed | Happened::Offered) => {
            Some(Folded::Update)
        }
        (Some(Folded::Create), Happened::Changed | Happened::Offered) => Some(Folded::Create),
        (Some(Folded::Delete), Happened::Changed | Happened::Offered) => Some(Folded::Delete),
        // Nobody but this side ever saw it.
        (Some(Folded::Create), Happened::Removed) => None,
        (None | Some(Folded::Update | Folded::Delete), Happened::Removed) => Some(Folded::Delete),
    }
}

/// Folds the events of many records, in the order of the log. Records that come to nothing are left out.
#[must_use]
pub fn fold_all<K: Ord>(events: impl IntoIterator<Item = (K, Happened)>) -> BTreeMap<K, Folded> {
    let mut folded = BTreeMap::new();
    for (key, event) in events {
        match fold(folded.get(&key).copied(), event) {
            Some(now) => folded.insert(key, now),
            None => folded.remove(&key),
        };
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::Folded::{Create, Delete, Update};
    use super::*;

    /// What each pair comes to: rows by what was so far, columns as [`Happened::ALL`].
    #[rustfmt::skip]
    const TABLE: [(Option<Folded>, [Option<Folded>; 7]); 4] = [
        //              created       changed       removed       offered       loaded        sent          removed there
        (None,         [Some(Create), Some(Update), Some(Delete), Some(Update), None,         None,         None]),
        (Some(Create), [Some(Create), Some(Create), None,         Some(Create), Some(Create), Some(Create), None]),
        (Some(Update), [Some(Create), Some(Update), Some(Delete), Some(Update), Some(Update), Some(Update), None]),
        (Some(Delete), [Some(Create), Some(Delete), Some(Delete), Some(Delete), Some(Delete), Some(Delete), None]),
    ];

    #[test]
    fn every_pair_comes_to_what_the_contract_says() {
        for (so_far, row) in TABLE {
            for (event, expected) in Happened::ALL.into_iter().zip(row) {
                assert_eq!(fold(so_far, event), expected, "{so_far:?}, {event:?}");
            }
        }
    }

    #[test]
    fn the_sequences_of_the_contract_come_to_what_it_says() {
        let happened = |events: &str| {
            let event = |letter| match letter {
                'c' => Happened::Created,
                'u' => Happened::Changed,
                _ => Happened::Removed,
            };
            let all = fold_all(events.chars().map(|letter| ((), event(letter))));
            all.get(&()).copied()
        };
        for (events, expected) in [
            ("c", Some(Create)),
            ("cud", None),
            ("cu", Some(Create)),
            ("d", Some(Delete)),
            ("uu", Some(Update)),
            ("ud", Some(Delete)),
            ("cdu", Some(Update)),
        ] {
            assert_eq!(happened(events), expected, "{events}");
        }
    }

    #[test]
    fn records_are_folded_apart() {
        let events = [
            (1, Happened::Created),
            (2, Happened::Changed),
            (1, Happened::Removed),
            (3, Happened::Loaded),
            (2, Happened::Removed),
            (4, Happened::Created),
        ];
        assert_eq!(fold_all(events), BTreeMap::from([(2, Delete), (4, Create)]));
    }

    #[test]
    fn what_the_mirror_does_itself_is_never_sent_back() {
        for so_far in [None, Some(Create), Some(Update), Some(Delete)] {
            for event in [MirrorEvent::Loaded, MirrorEvent::Sent] {
                assert_eq!(fold(so_far, Happened::of(event, false)), so_far);
            }
            assert_eq!(fold(so_far, Happened::of(MirrorEvent::Removed, false)), None);
        }
    }
}
