//! All SQL for parked changes. The caller owns the transaction.

mod listing;
mod reporting;
mod states;

pub use listing::{MOST_WAITING, find, newest_drop, overtaken, page, waiting};
pub(super) use reporting::{insert, lock_in_state, record_events, reportable_events, update};
pub(super) use states::{
    CurrentState, Due, current_states, lock_due, set_dropped, set_due, set_offered, unset_due,
};
