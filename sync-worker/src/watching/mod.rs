//! Watching over the queues of one direction: a queue that answers to nothing, while RabbitMQ
//! answers otherwise, is replaced. A quorum queue can be declared and yet have no leader, for ever.
//!
//! [`silence`] decides when a queue counts as dead, and knows neither RabbitMQ nor the clock;
//! [`probe`] asks a queue; [`replacing`] deletes one, under a lock that only one worker holds, and
//! where it cannot be deleted begins another generation; [`retiring`] removes the queues of earlier
//! generations. Making queues anew is left to the carrier, for which a deleted queue is a lost one.

mod probe;
mod replacing;
mod retiring;
pub mod silence;
mod watcher;

pub(crate) use replacing::{Reason, Replacing};
pub(crate) use watcher::Watcher;
