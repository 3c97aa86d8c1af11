//! The queues of a direction, as they are shown.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use shared_models::names::QueueGeneration;

use crate::topology::QueueKind;

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

    /// Returns the reason for the state, if something is wrong.
    #[must_use]
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Unknown | Self::Answering => None,
            Self::Missing => Some("there is no such queue".to_owned()),
            Self::AllSilent(lasted) => {
                let seconds = lasted.as_secs();
                Some(format!("no queue answers; this one has not answered for {seconds} s"))
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
    /// The time of the last probe that it answered promptly.
    pub(super) answered_promptly: Option<Instant>,
}

impl Default for QueueFigures {
    /// Returns the figures of a queue that has not been probed yet.
    fn default() -> Self {
        Self { state: QueueState::Unknown, replaced: 0, answered_promptly: None }
    }
}

/// A queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Queue {
    /// The queue's name, once known: a queue that cannot be deleted is replaced by one of another
    /// name.
    pub name: Option<String>,
    /// `answering`, `missing`, `silent`, `all silent`, `being replaced`, or `unknown`.
    pub state: &'static str,
    /// The reason for the state, if something is wrong.
    pub reason: Option<String>,
    /// The number of times it was replaced since the program began.
    pub replaced: u64,
}

impl Queue {
    /// Returns the queue as it is shown.
    #[must_use]
    pub fn of(kind: QueueKind, in_use: Option<QueueGeneration>, figures: QueueFigures) -> Self {
        let QueueFigures { state, replaced, answered_promptly: _ } = figures;
        let name = in_use.map(|queues| kind.name_in(queues));
        Self { name, state: state.as_str(), reason: state.reason(), replaced }
    }
}

/// The queues of a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Queues {
    /// The queue whose messages are carried.
    pub sync: Queue,
    /// The queue of messages that could not be carried while the source was unavailable.
    pub parked: Queue,
    /// The names of queues that were replaced and could not be deleted yet.
    pub leftover: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let states = [
            QueueState::Unknown,
            QueueState::Answering,
            QueueState::Missing,
            QueueState::Silent(Duration::ZERO),
            QueueState::AllSilent(Duration::ZERO),
            QueueState::Replacing(Duration::ZERO),
        ];
        assert_eq!(states.map(QueueState::as_str), QueueState::NAMES);
    }
}
