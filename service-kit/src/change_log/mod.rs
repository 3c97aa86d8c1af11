//! The append-only log of everything that happened to this site's orders.
//!
//! A record is appended in the transaction of the change itself. What was decided here and concerns
//! the peer also enters the outbox, in the same statement; the relay takes it from there.

mod record;
mod storage;
mod unguarded;

pub use record::Record;
pub use storage::{Backlog, Entry, append, backlog, entries_of};
