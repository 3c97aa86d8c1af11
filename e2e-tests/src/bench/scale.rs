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
    /// How many orders are read back after each load.
    pub sample: u64,
}

impl Scale {
    /// All together in under three minutes.
    pub const QUICK: Self = Self {
        turns: 2,
        warm_up: Duration::from_millis(500),
        lasts: Duration::from_secs(2),
        sample: 20,
    };

    /// All together in under thirty.
    pub const WHOLE: Self = Self {
        turns: 5,
        warm_up: Duration::from_secs(1),
        lasts: Duration::from_secs(5),
        sample: 100,
    };
}
