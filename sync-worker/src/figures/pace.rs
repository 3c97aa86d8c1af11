//! The rates of a direction.

use std::time::Instant;

use serde::Serialize;

use super::rate::Rate;
use crate::carrying::batch::Fate;

/// Messages per second, over the last ten seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// All messages settled.
    pub received: f64,
    /// Messages whose change the peer has.
    pub carried: f64,
}

/// The counts from which the rates are computed.
#[derive(Clone, Debug)]
pub struct Pace {
    received: Rate,
    carried: Rate,
}

impl Pace {
    /// Creates empty counts.
    #[must_use]
    pub const fn new(begun: Instant) -> Self {
        Self { received: Rate::new(begun), carried: Rate::new(begun) }
    }

    /// Counts settled messages.
    pub fn add(&mut self, now: Instant, fates: &[Fate]) {
        let count = |fates: usize| u64::try_from(fates).unwrap_or(u64::MAX);
        let carried = fates.iter().filter(|fate| matches!(fate, Fate::Carried)).count();
        self.received.add(now, count(fates.len()));
        self.carried.add(now, count(carried));
    }

    /// Returns the current rates.
    #[must_use]
    pub fn rates(&self, now: Instant) -> Rates {
        Rates { received: self.received.per_second(now), carried: self.carried.per_second(now) }
    }
}
