//! Whether a direction carries changes without delay: a difference between the two sides means
//! something only then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Figures, State};

/// The time since the last prompt answer of a sync queue within which it counts as one that answers.
/// The queue is asked every 5 s; more rarely while its parked queue is silent, which is asked with it.
const LAST_ANSWER: Duration = Duration::from_secs(10);

/// A batch in hand, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct InHand(Arc<Figures>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.lock().in_hand = None;
    }
}

impl Figures {
    /// Records that a batch is in hand, until the returned value is dropped. RabbitMQ does not count
    /// its messages among those that wait.
    pub fn takes_in_hand(self: &Arc<Self>) -> InHand {
        self.lock().in_hand = Some(Instant::now());
        InHand(Arc::clone(self))
    }

    /// Fails, with the reason, unless the direction carries, its sync queue answers, at most `most`
    /// messages wait, and no batch has been in hand for longer than `long`.
    pub fn is_calm(&self, most: u32, long: Duration) -> Result<(), String> {
        let inner = self.lock();
        let in_hand = inner.in_hand.map(|since| since.elapsed()).filter(|age| *age > long);
        let answers = inner.sync.prompt.is_some_and(|asked| asked.elapsed() <= LAST_ANSWER);
        match (&inner.state, &inner.depth, in_hand) {
            (State::Consuming, Some(depth), None) if depth.queue <= most => match answers {
                true => Ok(()),
                // Of a queue without a process RabbitMQ says that no messages wait.
                false => Err("the sync queue has not answered lately".to_owned()),
            },
            (State::Consuming, Some(depth), None) => {
                Err(format!("{} messages wait in the sync queue", depth.queue))
            }
            (State::Consuming, _, Some(age)) => {
                Err(format!("messages have been in hand for {} ms", age.as_millis()))
            }
            (State::Consuming, None, None) => {
                Err("the depth of the queue is not known yet".to_owned())
            }
            (state, ..) => Err(format!("the direction is {}", state.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared_models::side::Direction;

    use super::*;
    use crate::topology::{Depth, QueueKind};

    #[test]
    fn a_batch_that_is_long_in_hand_is_not_calm_although_nothing_waits_in_the_queue() {
        let figures = Arc::new(Figures::new(Direction::ALL[0]));
        figures.enter(State::Consuming);
        figures.depth(Depth { queue: 0, parked: 0 });
        let is_calm = |long| figures.is_calm(0, long).is_ok();
        assert!(!is_calm(Duration::ZERO), "its sync queue has not answered yet");
        figures.queue_answered(QueueKind::Parked, Instant::now());
        assert!(!is_calm(Duration::ZERO));
        figures.queue_answered(QueueKind::Sync, Instant::now());
        let hour = Duration::from_secs(3_600);
        assert!(is_calm(Duration::ZERO));
        let in_hand = figures.takes_in_hand();
        while in_hand.0.lock().in_hand.unwrap().elapsed() == Duration::ZERO {}
        assert!(is_calm(hour) && !is_calm(Duration::ZERO));
        drop(in_hand);
        assert!(is_calm(Duration::ZERO));
        figures.depth(Depth { queue: 1, parked: 0 });
        assert!(!is_calm(hour));
    }
}
