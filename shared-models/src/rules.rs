//! The rules about which events the worker carries to the peer, and which it drops. See
//! `docs/sync-rules.md`.
//!
//! Pure and exhaustive; every outcome has a name. The rules are a list, so that a test can leave
//! one out and show what it is for.

use crate::event::OrderEvent;
use crate::order::{Status, Touched};
use crate::side::Side;

/// A rule: a reason for not carrying an event, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CarryRule {
    /// A change that the peer made is not sent back to it.
    Echo,
    /// A change that touched nothing shared does not concern the peer.
    NothingShared,
    /// A status that is still the default is not sent.
    DefaultStatus,
}

/// The rules in force, in the order in which they are applied.
pub const RULES: [CarryRule; 3] =
    [CarryRule::Echo, CarryRule::NothingShared, CarryRule::DefaultStatus];

/// The facts about an event that the rules depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The side that published the event.
    pub source: Side,
    /// The side that made the change.
    pub origin: Side,
    /// The facets that the change touched.
    pub touched: Touched,
    /// The order's status after the change.
    pub status: Status,
}

impl Facts {
    /// Returns the facts about an event that `source` published.
    #[must_use]
    pub const fn of(source: Side, event: &OrderEvent) -> Self {
        Self {
            source,
            origin: event.origin,
            touched: event.touched,
            status: event.shared.progress.value.status,
        }
    }
}

/// The decision on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The event is carried, as much of it as the cargo includes.
    Carry(Cargo),
    /// The event is dropped, by this rule.
    Drop(CarryRule),
}

/// The part of an event that is carried. A facet older than the peer's does no harm there, so a
/// facet that the change did not touch is carried too, which makes up for a lost event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cargo {
    /// Both facets.
    Both,
    /// Only the delivery, because the status is still the default.
    Delivery,
}

/// Decides on an event, by the first rule that applies.
#[must_use]
pub fn decide(rules: &[CarryRule], facts: Facts) -> Verdict {
    let mut verdicts = rules.iter().filter_map(|rule| rule.applied_to(facts));
    verdicts.next().unwrap_or(Verdict::Carry(Cargo::Both))
}

impl CarryRule {
    /// Returns the rule's name in logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::NothingShared => "nothing_shared",
            Self::DefaultStatus => "default_status",
        }
    }

    fn applied_to(self, facts: Facts) -> Option<Verdict> {
        match self {
            Self::Echo => (facts.origin != facts.source).then_some(Verdict::Drop(self)),
            Self::NothingShared => match facts.touched {
                Touched::Nothing => Some(Verdict::Drop(self)),
                Touched::Delivery | Touched::Progress | Touched::Both => None,
            },
            Self::DefaultStatus if !facts.status.is_default() => None,
            Self::DefaultStatus => match facts.touched {
                Touched::Nothing | Touched::Progress => Some(Verdict::Drop(self)),
                Touched::Delivery | Touched::Both => Some(Verdict::Carry(Cargo::Delivery)),
            },
        }
    }
}
