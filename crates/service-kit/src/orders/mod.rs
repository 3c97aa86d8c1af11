//! An order at one side: its data, its changes, its storage.

mod attempts;
mod change;
mod creating;
mod edit;
mod order;
pub mod page;
mod record;
mod resource;
mod shown;
pub mod storage;
mod timestamp;
mod turns;
mod waiter;
mod writer;
mod writing;

pub use change::{Changed, change, shared_errors};
pub use edit::{Edit, Written};
pub use order::{Domain, Draft, Order, Private};
pub use record::Record;
pub use resource::Orders;
pub use shown::Shown;
pub use turns::Turns;
pub use writer::Writer;
