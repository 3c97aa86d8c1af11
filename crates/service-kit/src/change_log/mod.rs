//! The log of everything that happened to this side's records, of whatever kind. Entries are appended
//! and never updated; `retention` deletes old ones of which the record has a newer one.
//!
//! A change is appended by the same statement that writes the record.
//! A change that was made here and concerns the peer also enters the outbox, in the same statement;
//! the relay reads it from there.

mod backlog;
mod change;
mod statement;
mod storage;

pub use backlog::{Backlog, backlog};
pub use change::Change;
pub use statement::{Columns, Rows, bind_next, publish_after_commit, push_append};
pub use storage::{Entry, append, append_offers, entries_of, recorded, recorded_first};
