//! An order at one site: what it is, what a change makes of it, where it is kept.

mod change;
mod order;
pub mod page;
mod shown;
pub mod storage;
mod timestamp;
mod turns;

pub use change::{Changed, change, shared_errors};
pub use order::{Domain, Draft, Order, Private, now};
pub use shown::Shown;
pub use turns::Turns;
