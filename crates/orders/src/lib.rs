#![doc = include_str!("../README.md")]

mod attempts;
mod change;
mod comparison;
mod creating;
mod edit;
mod order;
pub mod page;
mod record;
mod resource;
pub mod routes;
mod schema;
mod shown;
pub mod storage;
mod timestamp;
mod turns;
mod waiter;
mod writer;
mod writing;

pub use change::{Changed, change, shared_errors};
pub use edit::{Edit, Written};
pub use order::{Domain, Draft, Order, Private, RESOURCE};
pub use record::Record;
pub use resource::{Orders, migrations, records, unknown};
pub use shown::Shown;
pub use turns::Turns;
pub use writer::Writer;
