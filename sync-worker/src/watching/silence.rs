//! The rule that decides when a queue that does not answer counts as dead. Pure: the clock is an
//! argument.

use std::time::{Duration, Instant};

use crate::figures::QueueState;

/// The fewest consecutive unanswered probes: a single one may have been lost with a leader, or
/// while this process was stopped.
const MIN_PROBES: u32 = 2;

/// The factor by which the limit is longer while no queue answers at all. All quorum queues of a
/// node share a write-ahead log; while a slow disk holds that up, they are silent and healthy.
const ALL_SILENT_FACTOR: u32 = 10;

/// The longest pause between two probes, even with a long limit: by then the figures must show that a
/// queue is silent.
const MAX_INTERVAL: Duration = Duration::from_secs(5);

/// The longest limit, where queues that took the place of dead ones do not answer either.
const MAX_LIMIT: Duration = Duration::from_secs(3_600);

/// The part of a probe's timeout within which an answer is prompt. A slow disk holds all queues up
/// alike: an answer in the last moment says nothing about a queue that would have answered a moment
/// later.
const PROMPT_FRACTION: u32 = 3;

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// The queue answered.
    Answered,
    /// There is no such queue.
    Missing,
    /// The queue did not answer in time, or RabbitMQ got no answer from it; RabbitMQ answered
    /// something else afterwards.
    Silent,
    /// RabbitMQ did not answer, or could not be reached.
    BrokerUnavailable,
}

/// The answers of other quorum queues during a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherQueues {
    /// At least one other queue answered promptly.
    Answering,
    /// No other queue answered promptly, or there is none.
    Silent,
}

/// The verdict on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The queue answers.
    Answers,
    /// The queue answers, and did not at the last probe. It may be a new one of the same name:
    /// another worker may have replaced it, and then RabbitMQ does not notify a consumer of the old
    /// one.
    AnswersAgain,
    /// There is no such queue.
    Missing,
    /// The queue has not answered for this long, which is within the limit.
    Silent(Duration),
    /// No queue has answered; this one not for this long.
    AllSilent(Duration),
    /// The queue has not answered for this long, and is to be replaced.
    Dead(Duration),
    /// The queue's state is unknown: RabbitMQ does not answer.
    Unknown,
}

impl From<Verdict> for QueueState {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown => Self::Unknown,
            Verdict::Answers | Verdict::AnswersAgain => Self::Answering,
            Verdict::Missing => Self::Missing,
            Verdict::Silent(lasted) => Self::Silent(lasted),
            Verdict::AllSilent(lasted) => Self::AllSilent(lasted),
            Verdict::Dead(lasted) => Self::Replacing(lasted),
        }
    }
}

/// The times of probing, for a limit after which a silent queue is dead.
#[derive(Clone, Copy, Debug)]
pub struct ProbeTimes {
    limit: Duration,
}

impl ProbeTimes {
    /// Creates the times for a limit.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// Returns the timeout of one probe: short enough that a second one fits within the limit, long
    /// enough for a slow queue.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.limit / MIN_PROBES
    }

    /// Returns the pause between two probes of a queue that answers.
    #[must_use]
    pub fn interval(&self) -> Duration {
        (self.limit / 6).min(MAX_INTERVAL)
    }

    /// Returns the time within which an answer is prompt.
    #[must_use]
    pub fn prompt(&self) -> Duration {
        self.timeout() / PROMPT_FRACTION
    }
}

/// The record of one queue's silence.
#[derive(Clone, Copy, Debug)]
pub struct SilenceTracker {
    /// The limit of a queue that has answered.
    configured_limit: Duration,
    /// The limit now.
    limit: Duration,
    /// The unanswered probes, whatever other queues did.
    unanswered: Streak,
    /// The latest of them, during which another queue answered.
    alone: Streak,
    /// Set if the last probe had any result but an answer: a queue that is deleted meanwhile can end
    /// the probe in any way.
    was_interrupted: bool,
    /// The time of the last result.
    last: Option<Instant>,
}

/// Consecutive probes.
#[derive(Clone, Copy, Debug, Default)]
struct Streak {
    /// The time of the first.
    since: Option<Instant>,
    count: u32,
}

impl Streak {
    /// Adds a probe; returns the time since the first.
    fn add(&mut self, sent: Instant, now: Instant) -> Duration {
        self.count = self.count.saturating_add(1);
        now.saturating_duration_since(*self.since.get_or_insert(sent))
    }
}

impl SilenceTracker {
    /// Creates the record of a queue that answers. A silence of `limit` makes it dead.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let (unanswered, alone) = (Streak::default(), Streak::default());
        Self {
            configured_limit: limit,
            limit,
            unanswered,
            alone,
            was_interrupted: false,
            last: None,
        }
    }

    /// Records the result, at `now`, of a probe that was sent at `sent`, and what other queues did
    /// meanwhile.
    pub fn record(
        &mut self,
        sent: Instant,
        now: Instant,
        result: ProbeResult,
        others: OtherQueues,
    ) -> Verdict {
        // A worker that was stopped for that long has missed a replacement by another one.
        let last = self.last.replace(now);
        let longest = self.configured_limit;
        let missed = last.is_some_and(|last| now.saturating_duration_since(last) > longest);
        let was_interrupted =
            std::mem::replace(&mut self.was_interrupted, result != ProbeResult::Answered) || missed;
        match result {
            ProbeResult::Answered => {
                self.clear_streaks();
                self.limit = self.configured_limit;
                match was_interrupted {
                    true => Verdict::AnswersAgain,
                    false => Verdict::Answers,
                }
            }
            ProbeResult::Missing => {
                self.clear_streaks();
                Verdict::Missing
            }
            // A queue need not answer while its broker is away, and has time to find a leader when
            // it is back.
            ProbeResult::BrokerUnavailable => {
                self.clear_streaks();
                Verdict::Unknown
            }
            ProbeResult::Silent => self.record_silence(sent, now, others),
        }
    }

    fn record_silence(&mut self, sent: Instant, now: Instant, others: OtherQueues) -> Verdict {
        let lasted = self.unanswered.add(sent, now);
        let alone = match others {
            OtherQueues::Answering => self.alone.add(sent, now),
            OtherQueues::Silent => {
                self.alone = Streak::default();
                Duration::ZERO
            }
        };
        let is_over = |streak: Streak, lasted: Duration, limit: Duration| {
            lasted >= limit && streak.count >= MIN_PROBES
        };
        if is_over(self.alone, alone, self.limit)
            || is_over(self.unanswered, lasted, self.limit_of_all())
        {
            return Verdict::Dead(lasted);
        }
        match others {
            OtherQueues::Answering => Verdict::Silent(lasted),
            OtherQueues::Silent => Verdict::AllSilent(lasted),
        }
    }

    fn limit_of_all(&self) -> Duration {
        let most = MAX_LIMIT.max(self.configured_limit * ALL_SILENT_FACTOR);
        (self.limit * ALL_SILENT_FACTOR).min(most)
    }

    /// Ends the silence, for example when the queue is another one.
    pub fn reset(&mut self) {
        *self = Self { limit: self.limit, ..Self::new(self.configured_limit) };
    }

    /// Ends the silence of a queue that was replaced. Until one answers, the limit doubles each time:
    /// where new queues are silent too, replacing them does not help, and each costs an offer.
    pub fn replaced(&mut self) {
        self.limit = (self.limit * 2).min(MAX_LIMIT.max(self.configured_limit));
        self.reset();
    }

    /// Begins to count anew. The next answer still counts as one after a silence.
    fn clear_streaks(&mut self) {
        (self.unanswered, self.alone) = (Streak::default(), Streak::default());
    }
}

#[cfg(test)]
#[path = "silence_tests.rs"]
mod tests;
