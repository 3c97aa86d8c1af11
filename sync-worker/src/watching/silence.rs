//! The rule that decides when a queue that does not answer counts as dead. Pure: the clock is an
//! argument.

use std::time::{Duration, Instant};

/// The fewest consecutive unanswered probes: a single one may have been lost with a leader, or
/// while this process was stopped.
const LEAST_QUESTIONS: u32 = 2;

/// The factor by which the limit is longer while no queue answers at all. All quorum queues of a
/// node share a write-ahead log; while a slow disk holds that up, they are silent and healthy.
const ALL_SILENT: u32 = 10;

/// The longest pause between two probes, also where the limit is long: others have to know by then
/// that a queue is silent.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest limit, where queues that took the place of dead ones do not answer either.
const LONGEST_LIMIT: Duration = Duration::from_secs(3_600);

/// The part of a probe's timeout within which an answer is prompt. A slow disk holds all queues up
/// alike: one that answers in the last moment says nothing of one that would have a moment later.
const PROMPT: u32 = 3;

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The queue answered.
    Answer,
    /// There is no such queue.
    Missing,
    /// The queue did not answer in time, or RabbitMQ got no answer from it; RabbitMQ answered
    /// something else afterwards.
    Silence,
    /// RabbitMQ did not answer, or could not be asked.
    NoBroker,
}

/// The answers of other quorum queues during a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// At least one other queue answered promptly.
    Answer,
    /// No other queue answered promptly, or there is none.
    Silent,
}

/// The verdict on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The queue answers.
    Answers,
    /// The queue answers, and did not when it was last asked. It may be a new one of the same name:
    /// another worker may have replaced it, and then RabbitMQ tells a consumer of the old one
    /// nothing.
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
    pub fn patience(&self) -> Duration {
        self.limit / LEAST_QUESTIONS
    }

    /// Returns the pause between two probes of a queue that answers.
    #[must_use]
    pub fn interval(&self) -> Duration {
        (self.limit / 6).min(LONGEST_PAUSE)
    }

    /// Returns the time within which an answer is prompt.
    #[must_use]
    pub fn prompt(&self) -> Duration {
        self.patience() / PROMPT
    }
}

/// The silence of one queue.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    /// The limit of a queue that has answered.
    settings_limit: Duration,
    /// The limit now.
    limit: Duration,
    /// The unanswered probes, whatever other queues did.
    unanswered: Streak,
    /// The latest of them, during which another queue answered.
    alone: Streak,
    /// The last probe heard anything but an answer: a queue that is deleted while it is asked can
    /// end the question in any way.
    interrupted: bool,
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
    fn add(&mut self, asked: Instant, now: Instant) -> Duration {
        self.count = self.count.saturating_add(1);
        now.saturating_duration_since(*self.since.get_or_insert(asked))
    }
}

impl Silence {
    /// Creates the record of a queue that answers. A silence of `limit` makes it dead.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let (unanswered, alone) = (Streak::default(), Streak::default());
        Self { settings_limit: limit, limit, unanswered, alone, interrupted: false, last: None }
    }

    /// Takes in the result, at `now`, of a probe that was sent at `asked`, and what other queues
    /// did meanwhile.
    pub fn heard(&mut self, asked: Instant, now: Instant, heard: Heard, others: Others) -> Verdict {
        // A worker that was stopped for that long has missed a replacement by another one.
        let last = self.last.replace(now);
        let longest = self.settings_limit;
        let missed = last.is_some_and(|last| now.saturating_duration_since(last) > longest);
        let interrupted =
            std::mem::replace(&mut self.interrupted, heard != Heard::Answer) || missed;
        match heard {
            Heard::Answer => {
                self.forget();
                self.limit = self.settings_limit;
                match interrupted {
                    true => Verdict::AnswersAgain,
                    false => Verdict::Answers,
                }
            }
            Heard::Missing => {
                self.forget();
                Verdict::Missing
            }
            // A queue need not answer while its broker is away, and has time to find a leader when
            // it is back.
            Heard::NoBroker => {
                self.forget();
                Verdict::Unknown
            }
            Heard::Silence => self.silent(asked, now, others),
        }
    }

    fn silent(&mut self, asked: Instant, now: Instant, others: Others) -> Verdict {
        let lasted = self.unanswered.add(asked, now);
        let alone = match others {
            Others::Answer => self.alone.add(asked, now),
            Others::Silent => {
                self.alone = Streak::default();
                Duration::ZERO
            }
        };
        let is_over = |streak: Streak, lasted: Duration, limit: Duration| {
            lasted >= limit && streak.count >= LEAST_QUESTIONS
        };
        if is_over(self.alone, alone, self.limit)
            || is_over(self.unanswered, lasted, self.limit_of_all())
        {
            return Verdict::Dead(lasted);
        }
        match others {
            Others::Answer => Verdict::Silent(lasted),
            Others::Silent => Verdict::AllSilent(lasted),
        }
    }

    fn limit_of_all(&self) -> Duration {
        let most = LONGEST_LIMIT.max(self.settings_limit * ALL_SILENT);
        (self.limit * ALL_SILENT).min(most)
    }

    /// Ends the silence, for example when the queue is another one.
    pub fn end(&mut self) {
        *self = Self { limit: self.limit, ..Self::new(self.settings_limit) };
    }

    /// Ends the silence of a queue that was replaced. Until one answers, the limit doubles each time:
    /// where new queues are silent too, replacing them does not help, and each costs an offer.
    pub fn replaced(&mut self) {
        self.limit = (self.limit * 2).min(LONGEST_LIMIT.max(self.settings_limit));
        self.end();
    }

    /// Begins to count anew. The next answer still counts as one after a silence.
    fn forget(&mut self) {
        (self.unanswered, self.alone) = (Streak::default(), Streak::default());
    }
}

#[cfg(test)]
#[path = "silence_tests.rs"]
mod tests;
