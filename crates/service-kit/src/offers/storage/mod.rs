//! All SQL for offers, and their reads of the change log. Each statement is bounded by an index and a limit,
//! however many records there are: the relay runs them between two batches.

mod dropped;
mod listing;
mod reading;
mod stepping;

pub(super) use dropped::offer_dropped;
pub(super) use listing::{find, list, remove};
pub(super) use reading::{changed_after, entry_at, last_of_window, newest, sees_any};
pub(super) use stepping::{begin, failed, finish, is_any_due, limit_statements, save, take_next};
