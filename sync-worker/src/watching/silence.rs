//! When a queue that does not answer counts as dead. Pure: the clock is an argument.

use std::time::{Duration, Instant};

/// So many questions in a row at least must have stayed without an answer: one alone may have been
/// lost with a leader, or while this process was stopped.
const LEAST_QUESTIONS: u32 = 2;

/// What came of asking a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answered, or there is none.
    Answer,
    /// It did not answer in its time, or RabbitMQ got no answer from it; RabbitMQ answered to
    /// something else afterwards.
    Silence,
    /// RabbitMQ answered to nothing, or could not be asked.
    NoBroker,
}

/// How a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers.
    Answers,
    /// It has not answered for so long, which is not long enough.
    Silent(Duration),
    /// It has not answered for so long, and is to be replaced.
    Dead(Duration),
    /// Nothing is known of it: RabbitMQ does not answer.
    Unknown,
}

/// The silence of one queue.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    limit: Duration,
    /// When the first question was asked that stayed without an answer.
    since: Option<Instant>,
    questions: u32,
}

impl Silence {
    /// No silence yet. A queue is dead when it has lasted for `limit`.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, since: None, questions: 0 }
    }

    /// How long one question may wait for its answer: short enough that a second is asked within
    /// the limit, long enough for a queue that is slow.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.limit / LEAST_QUESTIONS
    }

    /// How long to wait before a queue that answers is asked again.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.limit / 6
    }

    /// Takes in what came, at `now`, of a question that was asked at `asked`.
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

    /// Forgets the silence, as where the queue is another one.
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
