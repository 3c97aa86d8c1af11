//! All SQL for parked changes. The caller owns the transaction.

mod listing;
mod reporting;
mod settling;

pub use listing::{MOST_WAITING, find, overtaken, page, waiting};
pub(super) use reporting::{insert, lock_offered_as, note, update};
pub(super) use settling::{
    Due, Standing, lock_due, set_dropped, set_due, set_offered, standing, unset_due,
};
