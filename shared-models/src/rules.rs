//! Which events the worker carries to the peer, and which it drops. See `docs/sync-rules.md`.
//!
//! Pure, exhaustive, and every outcome has a name. The rules are a list, so that a check can leave
//! one out and see what it was good for.

use crate::event::OrderEvent;
use crate::order::{Status, Touched};
use crate::site::Site;

/// One reason for not carrying something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// What the peer decided is not sent back to it.
    Echo,
    /// A change that touched nothing shared is nobody else's concern.
    NothingShared,
    /// A status that is still the default has nothing to tell.
    DefaultStatus,
}

/// The rules in force, in the order in which they are asked.
pub const RULES: [Rule; 3] = [Rule::Echo, Rule::NothingShared, Rule::DefaultStatus];

/// What the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The site that published the event.
    pub source: Site,
    /// The site at which the change was decided.
    pub origin: Site,
    /// Which facets the change touched.
    pub touched: Touched,
    /// The order's status after it.
    pub status: Status,
}

impl Facts {
    /// What the rules look at in an event that `source` published.
    #[must_use]
    pub const fn of(source: Site, event: &OrderEvent) -> Self {
        Self {
            source,
            origin: event.origin,
            touched: event.touched,
            status: event.shared.progress.value.status,
        }
    }
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is carried, as much of it as the cargo says.
    Carry(Cargo),
    /// It is dropped, for this rule.
    Drop(Rule),
}

/// How much of an event is carried. What is older than the peer's does no harm there, so a facet
/// that the change did not touch goes along and makes good what may have been skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cargo {
    /// Both facets.
    Both,
    /// Delivery alone, because the status is still the default.
    Delivery,
}

/// Decides what becomes of an event: the first rule that applies.
#[must_use]
pub fn decide(rules: &[Rule], facts: Facts) -> Verdict {
    let mut verdicts = rules.iter().filter_map(|rule| rule.applied_to(facts));
    verdicts.next().unwrap_or(Verdict::Carry(Cargo::Both))
}

impl Rule {
    /// The rule's name, as it stands in logs and figures.
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
