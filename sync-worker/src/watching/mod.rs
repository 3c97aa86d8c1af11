//! Watching the queues of one direction: a queue that does not answer, while RabbitMQ otherwise
//! does, is replaced. A quorum queue can be declared and yet stay without a leader for ever.
//!
//! [`silence`] decides when a queue counts as dead, and knows neither RabbitMQ nor the clock;
//! `probe` probes the queues; `watcher` has a dead one deleted, under a lock that only one worker
//! holds; `retirement` deletes the queues of earlier generations. Declaring queues anew is left to
//! the carrier, which treats a deleted queue as a lost one.

mod probe;
mod retirement;
pub mod silence;
mod watcher;

pub(crate) use retirement::Retirement;
pub(crate) use watcher::Watcher;
