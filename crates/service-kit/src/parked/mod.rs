//! Changes of this side that could not be carried.
//!
//! The worker reports them; here they are rows that a person can list, replay or drop one by one.
//! Nothing is published from such a row: the record is offered, so the peer always gets its current
//! state. Where waiting can help, a row becomes due after a delay; only the relay offers due rows.

mod actions;
mod offering;
mod reporting;
mod row;
mod settings;
mod storage;

pub use actions::act;
pub(crate) use offering::ParkedTask;
pub use reporting::{Reported, report};
pub use row::{Parked, State};
pub use settings::{Delays, ParkedSettings};
pub use storage::{MOST_WAITING, find, newest_drop, overtaken, page, waiting};
