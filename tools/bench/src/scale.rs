//! The durations and sizes of a run. Pure.

use std::time::Duration;

/// All durations and sizes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The number of turns of Lockstep and its baseline.
    pub turns: usize,
    /// The time that a load goes on before it counts.
    pub warm_up: Duration,
    /// The time that it then counts.
    pub lasts: Duration,
    /// The number of turns of what takes longer.
    pub long_turns: usize,
    /// The number of waiting changes where the rate of carrying is measured.
    pub waiting: u64,
    /// The number of waiting changes where many orders are stored besides.
    pub waiting_more: u64,
    /// The number of stored orders where they are read.
    pub stored: u64,
    /// The numbers of stored orders, few and many, where growth is measured.
    pub growth: [u64; 2],
    /// The number of stored orders where others want much of the same tables.
    pub crowded: u64,
    /// The number of orders that an audit compares.
    pub audited: u64,
    /// The numbers of waiting changes, few and many, where memory is measured,
    pub backlogs: [u64; 2],
    /// and how many of them are worked off.
    pub worked_off: u64,
    /// The duration of a steady load,
    pub steady: Duration,
    /// and how long one of which there is much.
    pub much: Duration,
    /// The number of times that each program is started.
    pub starts: usize,
    /// The number of orders that are read back after each load.
    pub sample: u64,
    /// The number of posts that are loaded from a remote, and of edits that are sent there,
    pub mirrored: u64,
    /// and of operators that are pulled from an upstream.
    pub pulled: u64,
}

impl Scale {
    /// The sizes of a run in under three minutes.
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
        audited: 10_000,
        backlogs: [5_000, 50_000],
        worked_off: 20_000,
        steady: Duration::from_secs(4),
        much: Duration::from_secs(8),
        starts: 3,
        sample: 20,
        mirrored: 3_000,
        pulled: 300,
    };

    /// The sizes of a run in about three quarters of an hour.
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
        audited: 1_000_000,
        backlogs: [10_000, 1_000_000],
        worked_off: 100_000,
        steady: Duration::from_secs(20),
        much: Duration::from_secs(60),
        starts: 5,
        sample: 50,
        mirrored: 10_000,
        pulled: 1_000,
    };
}
