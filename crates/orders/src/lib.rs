#![doc = include_str!("../README.md")]

mod comparison;
mod examples;
mod local_change;
mod merging;
mod order;
pub mod page;
mod peer_change;
mod record;
mod resource;
pub mod routes;
mod schema;
mod shown;
pub mod storage;
mod writer;

pub use examples::{EXAMPLE_ID, Examples};
pub use local_change::{Changed, Edit, Written, shared_errors};
pub use order::{Domain, Draft, Order, Private, RESOURCE};
pub use record::Record;
pub use resource::{Orders, register, unknown};
pub use shown::Shown;
pub use writer::{WriteQueues, Writer};
