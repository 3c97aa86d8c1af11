//! How RabbitMQ is told what has become of the messages of a batch. Pure.

use super::batch::Fate;

/// What RabbitMQ is to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Forget it.
    Ack,
    /// Move it to the parked queue.
    Park,
    /// Hand it out again.
    GiveBack,
}

/// Whether the source has taken the report of what is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It keeps them.
    Taken,
    /// It is away, or does not want them.
    NotTaken,
}

/// Settles one run of messages: all that are not settled yet, up to and with this tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The delivery tag of the last message of the run.
    pub last: u64,
    /// What becomes of them.
    pub settlement: Settlement,
}

impl Settlement {
    /// What a message's fate means for RabbitMQ. What is parked is kept by the source, once it has
    /// taken the report.
    #[must_use]
    pub const fn of(fate: &Fate, reported: Reported) -> Self {
        match (fate, reported) {
            (Fate::Dropped(_) | Fate::Carried, _) | (Fate::Parked(_), Reported::Taken) => Self::Ack,
            (Fate::Parked(_), Reported::NotTaken) => Self::Park,
            (Fate::GivenBack, _) => Self::GiveBack,
        }
    }
}

/// The fewest steps that settle these messages, which stand in the order of their tags. Everything
/// that came before them on the channel must be settled already, and each step carried out in turn.
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
    use shared_models::rules::Rule;

    use super::Settlement::{Ack, GiveBack, Park};
    use super::*;
    use crate::carrying::obstacle::Obstacle;

    #[test]
    fn every_fate_has_its_settlement() {
        let cases = [
            (Fate::Dropped(Rule::Echo), Ack, Ack),
            (Fate::Carried, Ack, Ack),
            (Fate::Parked(Obstacle::lasting("odd")), Ack, Park),
            (Fate::GivenBack, GiveBack, GiveBack),
        ];
        for (fate, taken, not_taken) in cases {
            assert_eq!(Settlement::of(&fate, Reported::Taken), taken, "{fate:?}");
            assert_eq!(Settlement::of(&fate, Reported::NotTaken), not_taken, "{fate:?}");
        }
    }

    type Case = (&'static [Settlement], &'static [(u64, Settlement)]);

    #[test]
    fn messages_that_are_settled_alike_are_settled_at_once() {
        let cases: [Case; 5] = [
            (&[], &[]),
            (&[Ack], &[(10, Ack)]),
            (&[Ack, Ack, Ack], &[(12, Ack)]),
            (&[Ack, Ack, Park, Ack, Ack], &[(11, Ack), (12, Park), (14, Ack)]),
            (&[Park, Park, Ack, GiveBack], &[(11, Park), (12, Ack), (13, GiveBack)]),
        ];
        for (settlements, expected) in cases {
            let runs = runs((10..).zip(settlements.iter().copied()));
            let steps: Vec<_> = runs.iter().map(|run| (run.last, run.settlement)).collect();
            assert_eq!(steps, expected);
        }
    }
}
