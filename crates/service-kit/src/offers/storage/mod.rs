//! All SQL for offers and the orders in them. Each statement is bounded by an index and a limit,
//! however many orders there are: the relay runs them between two batches.

mod listing;
mod reading;
mod stepping;

pub(super) use listing::{find, list, remove};
pub(super) use reading::{after, changed_after, entry_at, last_of_window, newest, sees_any, these};
pub(super) use stepping::{begin, failed, finish, is_any_due, limit_statements, save, take_next};
