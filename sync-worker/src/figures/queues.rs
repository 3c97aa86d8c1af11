//! The queues of a direction, as they are shown.

use std::time::Duration;

use serde::Serialize;
use shared_models::names::QueueGeneration;

use crate::topology::QueueKind;
use crate::watching::silence::Verdict;

/// How a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueState {
    /// Nothing is known of it, or RabbitMQ does not answer.
    Unknown,
    /// It answers.
    Answering,
    /// It has not answered for so long.
    Silent(Duration),
    /// It has not answered for so long, and is being replaced.
    Replacing(Duration),
}

impl QueueState {
    /// The names of all states.
    pub const NAMES: [&'static str; 4] = ["unknown", "answering", "silent", "replacing a queue"];

    /// The state that a verdict means.
    #[must_use]
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown => Self::Unknown,
            Verdict::Answers => Self::Answering,
            Verdict::Silent(lasted) => Self::Silent(lasted),
            Verdict::Dead(lasted) => Self::Replacing(lasted),
        }
    }

    /// The state's name, as a person reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Answering => "answering",
            Self::Silent(_) => "silent",
            Self::Replacing(_) => "replacing a queue",
        }
    }

    /// More about it, where something is amiss.
    #[must_use]
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Unknown | Self::Answering => None,
            Self::Silent(lasted) | Self::Replacing(lasted) => {
                let seconds = lasted.as_secs();
                Some(format!("it has not answered for {seconds} s; RabbitMQ answers otherwise"))
            }
        }
    }
}

/// A queue, and how often it was replaced since the program began.
#[derive(Clone, Copy, Debug)]
pub struct QueueFigures {
    pub(super) state: QueueState,
    pub(super) replaced: u64,
}

impl Default for QueueFigures {
    /// Nothing is known yet.
    fn default() -> Self {
        Self { state: QueueState::Unknown, replaced: 0 }
    }
}

/// A queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// Its name, once that is known: one that could not be deleted gives way to one of another name.
    pub name: Option<String>,
    /// `answering`, `silent`, `replacing a queue`, or `unknown`.
    pub state: &'static str,
    /// Why, where something is amiss.
    pub reason: Option<String>,
    /// How often it was replaced since the program began.
    pub replaced: u64,
}

impl Queue {
    /// How a queue is shown.
    #[must_use]
    pub fn of(kind: QueueKind, in_use: Option<QueueGeneration>, figures: QueueFigures) -> Self {
        let QueueFigures { state, replaced } = figures;
        let name = in_use.map(|queues| kind.name_in(queues));
        Self { name, state: state.as_str(), reason: state.reason(), replaced }
    }
}

/// Both queues of a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queues {
    /// The queue whose messages are carried.
    pub sync: Queue,
    /// The queue of what could not be carried while the source was away.
    pub parked: Queue,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let verdicts = [
            Verdict::Unknown,
            Verdict::Answers,
            Verdict::Silent(Duration::ZERO),
            Verdict::Dead(Duration::ZERO),
        ];
        assert_eq!(verdicts.map(|verdict| QueueState::of(verdict).as_str()), QueueState::NAMES);
    }
}
