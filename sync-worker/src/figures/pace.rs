//! How fast a direction is.

use std::time::Instant;

use serde::Serialize;

use super::rate::Rate;
use crate::carrying::batch::Fate;

/// Messages a second, over the last ten.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// Taken in, whatever became of them.
    pub received: f64,
    /// Of which the peer knows the change.
    pub carried: f64,
}

/// What the rates are made of.
#[derive(Clone, Debug)]
pub struct Pace {
    received: Rate,
    carried: Rate,
}

impl Pace {
    /// Nothing has happened yet.
    #[must_use]
    pub const fn new(begun: Instant) -> Self {
        Self { received: Rate::new(begun), carried: Rate::new(begun) }
    }

    /// Messages were settled.
    pub fn add(&mut self, now: Instant, fates: &[Fate]) {
        let count = |fates: usize| u64::try_from(fates).unwrap_or(u64::MAX);
        let carried = fates.iter().filter(|fate| matches!(fate, Fate::Carried)).count();
        self.received.add(now, count(fates.len()));
        self.carried.add(now, count(carried));
    }

    /// How fast it is.
    #[must_use]
    pub fn rates(&self, now: Instant) -> Rates {
        Rates { received: self.received.per_second(now), carried: self.carried.per_second(now) }
    }
}
