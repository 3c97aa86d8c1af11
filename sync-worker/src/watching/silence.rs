//! The rule that decides when a queue that does not answer counts as dead. Pure: the clock is an
//! argument.

use std::time::{Duration, Instant};

/// The fewest consecutive unanswered probes: a single one may have been lost with a leader, or
/// while this process was stopped.
const LEAST_QUESTIONS: u32 = 2;

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The queue answered, or does not exist.
    Answer,
    /// The queue did not answer in time, or RabbitMQ got no answer from it; RabbitMQ answered
    /// something else afterwards.
    Silence,
    /// RabbitMQ did not answer, or could not be asked.
    NoBroker,
}

/// The verdict on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The queue answers.
    Answers,
    /// The queue has not answered for this long, which is within the limit.
    Silent(Duration),
    /// The queue has not answered for this long, and is to be replaced.
    Dead(Duration),
    /// The queue's state is unknown: RabbitMQ does not answer.
    Unknown,
}

/// The silence of one queue.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    limit: Duration,
    /// The time of the first unanswered probe.
    since: Option<Instant>,
    questions: u32,
}

impl Silence {
    /// Creates the record of a queue that answers. A silence of `limit` makes it dead.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, since: None, questions: 0 }
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
        self.limit / 6
    }

    /// Takes in the result, at `now`, of a probe that was sent at `asked`.
    pub fn heard(&mut self, asked: Instant, now: Instant, heard: Heard) -> Verdict {
        match heard {
            Heard::Answer => {
                self.end();
                Verdict::Answers
            }
            // A queue need not answer while its broker is away, and has time to find a leader when
            // it is back.
            Heard::NoBroker => {
                self.end();
                Verdict::Unknown
            }
            Heard::Silence => {
                self.questions = self.questions.saturating_add(1);
                let since = *self.since.get_or_insert(asked);
                let lasted = now.saturating_duration_since(since);
                match lasted >= self.limit && self.questions >= LEAST_QUESTIONS {
                    true => Verdict::Dead(lasted),
                    false => Verdict::Silent(lasted),
                }
            }
        }
    }

    /// Forgets the silence, for example when the queue is another one.
    pub fn end(&mut self) {
        (self.since, self.questions) = (None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Heard::{Answer, NoBroker, Silence as Nothing};
    use super::Verdict::{Answers, Dead, Silent, Unknown};
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Plays (asked, heard at, what): the verdicts.
    fn verdicts(questions: &[(u64, u64, Heard)]) -> Vec<Verdict> {
        let (mut silence, began) = (Silence::new(s(30)), Instant::now());
        let heard = |(asked, now, what): &(u64, u64, Heard)| {
            silence.heard(began + s(*asked), began + s(*now), *what)
        };
        questions.iter().map(heard).collect()
    }

    #[test]
    fn a_queue_is_dead_when_it_has_not_answered_for_the_whole_time() {
        let silent = [(5, 20, Nothing), (20, 35, Nothing), (40, 55, Nothing)];
        assert_eq!(verdicts(&silent), [Silent(s(15)), Dead(s(30)), Dead(s(50))]);
    }

    #[test]
    fn any_answer_ends_the_silence() {
        let slow = [(0, 15, Nothing), (15, 29, Answer), (30, 45, Nothing), (45, 59, Nothing)];
        assert_eq!(verdicts(&slow), [Silent(s(15)), Answers, Silent(s(15)), Silent(s(29))]);
    }

    #[test]
    fn a_broker_that_does_not_answer_says_nothing_of_its_queues() {
        let away = [(0, 15, Nothing), (15, 35, NoBroker), (35, 50, Nothing), (50, 64, Nothing)];
        assert_eq!(verdicts(&away), [Silent(s(15)), Unknown, Silent(s(15)), Silent(s(29))]);
    }

    #[test]
    fn one_question_alone_is_never_enough() {
        assert_eq!(verdicts(&[(0, 900, Nothing)]), [Silent(s(900))]);
        let refused_at_once = [(0, 0, Nothing), (1, 1, Nothing), (31, 31, Nothing)];
        assert_eq!(verdicts(&refused_at_once), [Silent(s(0)), Silent(s(1)), Dead(s(31))]);
    }

    #[test]
    fn two_questions_fit_into_the_limit() {
        let silence = Silence::new(s(30));
        assert_eq!((silence.patience(), silence.interval()), (s(15), s(5)));
    }
}
