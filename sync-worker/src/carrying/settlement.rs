//! The settlement of a batch's messages: acknowledged, or given back. Pure.

use crate::lanes::Fate;

/// The settlement of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The message is done, and RabbitMQ forgets it.
    Ack,
    /// The message is delivered again.
    GiveBack,
}

/// The place where the parked messages of a batch are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredAt {
    /// The source, which has accepted the report.
    Source,
    /// The parked queue: RabbitMQ has confirmed copies of all of them. The source is unavailable, or
    /// refused the report.
    ParkedQueue,
    /// Only the sync queue, where they were.
    Nowhere,
}

/// The settlement of one run of messages: all unsettled ones up to and including this tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The delivery tag of the last message of the run.
    pub last: u64,
    /// The settlement of all of them.
    pub settlement: Settlement,
}

impl Settlement {
    /// Returns the settlement that a message's fate calls for.
    #[must_use]
    pub const fn of(fate: &Fate) -> Self {
        match fate {
            Fate::Dropped(_) | Fate::Carried | Fate::Parked(_) => Self::Ack,
            Fate::GivenBack => Self::GiveBack,
        }
    }
}

/// Returns the final fates of a batch, given where its parked messages are stored: those stored
/// nowhere are given back.
#[must_use]
pub fn final_fates(fates: Vec<Fate>, parked: StoredAt) -> Vec<Fate> {
    let final_fate = |fate| match (fate, parked) {
        (Fate::Parked(_), StoredAt::Nowhere) => Fate::GivenBack,
        (fate, StoredAt::Source | StoredAt::ParkedQueue | StoredAt::Nowhere) => fate,
    };
    fates.into_iter().map(final_fate).collect()
}

/// Returns the fewest runs that settle these messages, given by ascending tags. Every earlier
/// message on the channel must be settled already, and the runs carried out one after another.
pub fn runs(messages: impl IntoIterator<Item = (u64, Settlement)>) -> Vec<Run> {
    let mut runs: Vec<Run> = vec![];
    for (tag, settlement) in messages {
        match runs.last_mut() {
            Some(run) if run.settlement == settlement => run.last = tag,
            Some(_) | None => runs.push(Run { last: tag, settlement }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::Settlement::{Ack, GiveBack};
    use super::*;
    use crate::lanes::Obstacle;

    #[test]
    fn every_fate_has_its_settlement_and_what_is_stored_nowhere_is_given_back() {
        let cases = [
            (Fate::Dropped("echo"), Ack, Ack),
            (Fate::Carried, Ack, Ack),
            (Fate::Parked(Obstacle::lasting("odd")), Ack, GiveBack),
            (Fate::GivenBack, GiveBack, GiveBack),
        ];
        for (fate, if_stored, if_not) in cases {
            for (stored, expected) in [
                (StoredAt::Source, if_stored),
                (StoredAt::ParkedQueue, if_stored),
                (StoredAt::Nowhere, if_not),
            ] {
                let fates = final_fates(vec![fate.clone()], stored);
                let settlements: Vec<_> = fates.iter().map(Settlement::of).collect();
                assert_eq!(settlements, [expected], "{fate:?}, {stored:?}");
            }
        }
    }

    type Case = (&'static [Settlement], &'static [(u64, Settlement)]);

    #[test]
    fn messages_that_are_settled_alike_are_settled_at_once() {
        let cases: [Case; 5] = [
            (&[], &[]),
            (&[Ack], &[(10, Ack)]),
            (&[Ack, Ack, Ack], &[(12, Ack)]),
            (&[Ack, Ack, GiveBack, Ack, Ack], &[(11, Ack), (12, GiveBack), (14, Ack)]),
            (&[GiveBack, GiveBack, Ack, GiveBack], &[(11, GiveBack), (12, Ack), (13, GiveBack)]),
        ];
        for (settlements, expected) in cases {
            let runs = runs((10..).zip(settlements.iter().copied()));
            let steps: Vec<_> = runs.iter().map(|run| (run.last, run.settlement)).collect();
            assert_eq!(steps, expected);
        }
    }
}
