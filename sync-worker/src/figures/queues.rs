//! The queues of a direction, as they are shown.

use std::time::{Duration, Instant};

use serde::Serialize;
use shared_models::names::QueueGeneration;

use crate::topology::QueueKind;
use crate::watching::silence::Verdict;

/// The state of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueState {
    /// The queue has not been probed yet, or RabbitMQ does not answer.
    Unknown,
    /// The queue answers.
    Answering,
    /// There is no such queue.
    Missing,
    /// The queue has not answered for this long.
    Silent(Duration),
    /// No queue answers; this one has not for this long.
    AllSilent(Duration),
    /// The queue has not answered for this long, and is being replaced.
    Replacing(Duration),
}

impl QueueState {
    /// The names of all states.
    pub const NAMES: [&'static str; 6] =
        ["unknown", "answering", "missing", "silent", "all silent", "being replaced"];

    /// Returns the state for a verdict.
    #[must_use]
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown => Self::Unknown,
            Verdict::Answers | Verdict::AnswersAgain => Self::Answering,
            Verdict::Missing => Self::Missing,
            Verdict::Silent(lasted) => Self::Silent(lasted),
            Verdict::AllSilent(lasted) => Self::AllSilent(lasted),
            Verdict::Dead(lasted) => Self::Replacing(lasted),
        }
    }

    /// Returns the state's name, as shown to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Answering => "answering",
            Self::Missing => "missing",
            Self::Silent(_) => "silent",
            Self::AllSilent(_) => "all silent",
            Self::Replacing(_) => "being replaced",
        }
    }

    /// Returns the reason for the state, if something is amiss.
    #[must_use]
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Unknown | Self::Answering => None,
            Self::Missing => Some("there is no such queue".to_owned()),
            Self::AllSilent(lasted) => {
                let seconds = lasted.as_secs();
                Some(format!("RabbitMQ's queues do not answer, this one not for {seconds} s"))
            }
            Self::Silent(lasted) | Self::Replacing(lasted) => {
                Some(format!("it has not answered for {} s", lasted.as_secs()))
            }
        }
    }
}

/// A queue, and how often it was replaced since the program began.
#[derive(Clone, Copy, Debug)]
pub struct QueueFigures {
    pub(super) state: QueueState,
    pub(super) replaced: u64,
    /// When the last question was asked that it answered promptly.
    pub(super) prompt: Option<Instant>,
}

impl Default for QueueFigures {
    /// Returns the figures of a queue of which nothing is known yet.
    fn default() -> Self {
        Self { state: QueueState::Unknown, replaced: 0, prompt: None }
    }
}

/// A queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// The queue's name, once known: a queue that cannot be deleted is replaced by one of another
    /// name.
    pub name: Option<String>,
    /// `answering`, `missing`, `silent`, `all silent`, `being replaced`, or `unknown`.
    pub state: &'static str,
    /// The reason for the state, if something is amiss.
    pub reason: Option<String>,
    /// The number of times it was replaced since the program began.
    pub replaced: u64,
}

impl Queue {
    /// Returns the queue as it is shown.
    #[must_use]
    pub fn of(kind: QueueKind, in_use: Option<QueueGeneration>, figures: QueueFigures) -> Self {
        let QueueFigures { state, replaced, prompt: _ } = figures;
        let name = in_use.map(|queues| kind.name_in(queues));
        Self { name, state: state.as_str(), reason: state.reason(), replaced }
    }
}

/// The queues of a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queues {
    /// The queue whose messages are carried.
    pub sync: Queue,
    /// The queue of what could not be carried while the source was away.
    pub parked: Queue,
    /// The names of queues that were replaced and could not be deleted yet.
    pub leftover: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let verdicts = [
            Verdict::Unknown,
            Verdict::AnswersAgain,
            Verdict::Missing,
            Verdict::Silent(Duration::ZERO),
            Verdict::AllSilent(Duration::ZERO),
            Verdict::Dead(Duration::ZERO),
        ];
        assert_eq!(verdicts.map(|verdict| QueueState::of(verdict).as_str()), QueueState::NAMES);
    }
}
