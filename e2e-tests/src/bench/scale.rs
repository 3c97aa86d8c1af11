//! How much is measured, and how long. Pure.

use std::time::Duration;

/// All durations and sizes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often Lockstep and what stands beside it take turns.
    pub turns: usize,
    /// How long a load goes on before it counts.
    pub warm_up: Duration,
    /// How long it then counts.
    pub lasts: Duration,
    /// How often that is measured which takes longer.
    pub long_turns: usize,
    /// How many changes wait where it is measured how fast they are carried.
    pub waiting: u64,
    /// How many orders are read back after each load.
    pub sample: u64,
}

impl Scale {
    /// All together in under three minutes.
    pub const QUICK: Self = Self {
        turns: 2,
        warm_up: Duration::from_millis(500),
        lasts: Duration::from_secs(2),
        long_turns: 1,
        waiting: 20_000,
        sample: 20,
    };

    /// All together in under thirty.
    pub const WHOLE: Self = Self {
        turns: 5,
        warm_up: Duration::from_secs(1),
        lasts: Duration::from_secs(5),
        long_turns: 3,
        waiting: 100_000,
        sample: 100,
    };
}
