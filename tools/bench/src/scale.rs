//! How much is measured, and how long. Pure.

use std::time::Duration;

/// All durations and sizes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often Lockstep and its baseline take turns.
    pub turns: usize,
    /// How long a load goes on before it counts.
    pub warm_up: Duration,
    /// How long it then counts.
    pub lasts: Duration,
    /// How often that is measured which takes longer.
    pub long_turns: usize,
    /// How many changes wait where it is measured how fast they are carried.
    pub waiting: u64,
    /// The same, where many are stored besides.
    pub waiting_more: u64,
    /// How many orders are stored where they are read.
    pub stored: u64,
    /// How many orders are stored, few and many, where it is measured what that changes.
    pub growth: [u64; 2],
    /// How many orders are stored where others want much of the same tables.
    pub crowded: u64,
    /// How many changes wait, few and many, where it is measured what memory that takes,
    pub backlogs: [u64; 2],
    /// and how many of them are worked off.
    pub worked_off: u64,
    /// How long a steady load lasts,
    pub steady: Duration,
    /// and how long one of which there is much.
    pub much: Duration,
    /// How often each program is started.
    pub starts: usize,
    /// How many orders are read back after each load.
    pub sample: u64,
}

impl Scale {
    /// All together in under three minutes.
    pub const QUICK: Self = Self {
        turns: 2,
        warm_up: Duration::from_millis(300),
        lasts: Duration::from_secs(1),
        long_turns: 1,
        waiting: 20_000,
        waiting_more: 5_000,
        stored: 10_000,
        growth: [10_000, 100_000],
        crowded: 100_000,
        backlogs: [5_000, 50_000],
        worked_off: 20_000,
        steady: Duration::from_secs(4),
        much: Duration::from_secs(8),
        starts: 3,
        sample: 20,
    };

    /// All together in under thirty.
    pub const WHOLE: Self = Self {
        turns: 5,
        warm_up: Duration::from_secs(1),
        lasts: Duration::from_secs(4),
        long_turns: 3,
        waiting: 100_000,
        waiting_more: 20_000,
        stored: 100_000,
        growth: [10_000, 1_000_000],
        crowded: 5_000_000,
        backlogs: [10_000, 1_000_000],
        worked_off: 100_000,
        steady: Duration::from_secs(20),
        much: Duration::from_secs(60),
        starts: 5,
        sample: 50,
    };
}
