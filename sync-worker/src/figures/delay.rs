//! The check that a direction carries changes without delay: a difference between the two sides means
//! something only then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Figures, State};

/// The time since the last prompt answer of a sync queue within which it counts as one that answers.
/// The queue is probed every 5 s; more rarely while its parked queue is silent, which is probed with
/// it.
const MAX_ANSWER_AGE: Duration = Duration::from_secs(10);

/// A batch in hand, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct BatchInHand(Arc<Figures>);

impl Drop for BatchInHand {
    fn drop(&mut self) {
        self.0.lock().batch_since = None;
    }
}

impl Figures {
    /// Records that a batch is in hand, until the returned value is dropped. RabbitMQ does not count
    /// its messages among those that wait.
    pub fn start_batch(self: &Arc<Self>) -> BatchInHand {
        self.lock().batch_since = Some(Instant::now());
        BatchInHand(Arc::clone(self))
    }

    /// Fails, with the reason, unless the direction carries, its sync queue answers, at most
    /// `max_waiting` messages wait, and no batch has been in hand for longer than `max_in_hand`.
    pub fn check_no_delay(&self, max_waiting: u32, max_in_hand: Duration) -> Result<(), String> {
        let inner = self.lock();
        let in_hand = inner.batch_since.map(|since| since.elapsed());
        let answered = inner.sync.answered_promptly;
        match (&inner.state, &inner.depth, in_hand.filter(|age| *age > max_in_hand)) {
            (State::Consuming, _, Some(age)) => {
                let (age, most) = (age.as_millis(), max_in_hand.as_millis());
                Err(format!("a batch has been in hand for {age} ms, expected at most {most} ms"))
            }
            (State::Consuming, None, None) => {
                Err("the number of waiting messages is not known yet".to_owned())
            }
            (State::Consuming, Some(depth), None) if depth.queue > max_waiting => {
                let waiting = depth.queue;
                Err(format!("{waiting} messages wait, expected at most {max_waiting}"))
            }
            (State::Consuming, Some(_), None) => {
                // Of a queue without a process RabbitMQ says that no messages wait.
                match answered.is_some_and(|probed| probed.elapsed() <= MAX_ANSWER_AGE) {
                    true => Ok(()),
                    false => Err("the sync queue has not answered a probe recently".to_owned()),
                }
            }
            (state, ..) => Err(format!("the direction is {}", state.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use program_kit::http::metrics::Registry;
    use shared_models::side::Direction;

    use super::*;
    use crate::topology::{Depth, QueueKind};

    #[test]
    fn a_batch_that_is_long_in_hand_is_a_delay_although_nothing_waits_in_the_queue() {
        let registry = Registry::new("test");
        let figures = Figures::new(Direction::ALL[0], std::iter::empty(), &registry);
        let figures = Arc::new(figures);
        figures.enter(State::Consuming);
        figures.set_depth(Depth { queue: 0, parked: 0 });
        let is_prompt = |max_in_hand| figures.check_no_delay(0, max_in_hand).is_ok();
        assert!(!is_prompt(Duration::ZERO), "its sync queue has not answered yet");
        figures.record_prompt_answer(QueueKind::Parked, Instant::now());
        assert!(!is_prompt(Duration::ZERO));
        figures.record_prompt_answer(QueueKind::Sync, Instant::now());
        let hour = Duration::from_secs(3_600);
        assert!(is_prompt(Duration::ZERO));
        let in_hand = figures.start_batch();
        while in_hand.0.lock().batch_since.unwrap().elapsed() == Duration::ZERO {}
        assert!(is_prompt(hour) && !is_prompt(Duration::ZERO));
        drop(in_hand);
        assert!(is_prompt(Duration::ZERO));
        figures.set_depth(Depth { queue: 1, parked: 0 });
        assert!(!is_prompt(hour));
    }
}
