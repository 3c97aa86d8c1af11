//! Counting what is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;

use super::Loaded;
use super::answer::Answer;
use super::pace::Plan;

/// The length of a refusal's body that is shown.
const SHOWN: usize = 400;

/// Nothing is thought to take longer, in µs.
const LONGEST: u64 = 3_600_000_000;

/// For latencies in µs, to three figures.
///
/// # Panics
///
/// Never: the bounds are good.
#[must_use]
#[expect(clippy::expect_used, reason = "the bounds are good")]
pub fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("good bounds")
}

/// The answers so far.
#[derive(Debug)]
pub(super) struct Tally {
    /// The time in which answers count, from the beginning.
    counts: (Duration, Duration),
    /// When the last came that counts, from the beginning.
    last: Duration,
    keep_bodies: bool,
    loaded: Loaded,
}

impl Tally {
    pub(super) fn new(plan: Plan, keep_bodies: bool) -> Self {
        let loaded = Loaded {
            answered: 0,
            took: Duration::ZERO,
            latencies: latencies(),
            each_second: Vec::new(),
            statuses: BTreeMap::new(),
            refusal: None,
            bodies: Vec::new(),
        };
        Self { counts: plan.counts(), last: Duration::ZERO, keep_bodies, loaded }
    }

    /// Returns whether the tally keeps this answer's body.
    pub(super) fn wants_body(&self, status: u16) -> bool {
        self.keep_bodies || (!is_good(status) && self.loaded.refusal.is_none())
    }

    /// An answer has come `at` to what was due `due`, from the beginning.
    pub(super) fn count(&mut self, due: Duration, at: Duration, answer: Answer) {
        let Answer { status, body } = answer;
        *self.loaded.statuses.entry(status).or_default() += 1;
        if !is_good(status) {
            self.loaded.refusal.get_or_insert_with(|| shown(status, &body));
        } else if (self.counts.0..self.counts.1).contains(&at) {
            self.succeeded(due, at);
        }
        if self.keep_bodies {
            self.loaded.bodies.push(body);
        }
    }

    fn succeeded(&mut self, due: Duration, at: Duration) {
        let latency = at.saturating_sub(due).as_micros();
        self.loaded.latencies.saturating_record(u64::try_from(latency).unwrap_or(LONGEST));
        self.loaded.answered += 1;
        let second = at.saturating_sub(self.counts.0).as_secs();
        let second = usize::try_from(second).unwrap_or(usize::MAX);
        let seconds = &mut self.loaded.each_second;
        seconds.resize(seconds.len().max(second + 1), 0);
        seconds[second] += 1;
        self.last = self.last.max(at);
    }

    pub(super) fn done(self, plan: Plan) -> Loaded {
        let took = match plan {
            Plan::FlatOut { lasts, .. } => lasts,
            Plan::AtRate { .. } => self.last,
        };
        Loaded { took, ..self.loaded }
    }
}

fn is_good(status: u16) -> bool {
    (200..300).contains(&status)
}

fn shown(status: u16, body: &Bytes) -> String {
    let body = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    format!("{status} {body}").trim_end().to_owned()
}
