//! Retention: deleting what is old, in small steps, as a task of the active relay.
//!
//! The log is compacted. It is passed in the order of its readers, up to a position (`log_state`); up
//! to there it has exactly the newest change of each record. So a reader that begins at its start gets
//! every record, and one whose cursor is before that position is told to begin again. A step passes
//! the next entries and deletes the older ones of the same records (docs/decisions/0026).
//!
//! Not passed is what is younger than the limit, not visible to all readers, or not published, and
//! what somebody has yet to read by its number: an offer since a time, or a [`Resource`](crate::resource::Resource).

mod changes;
mod counts;
mod parked;
mod removed;
mod schedule;
mod settings;
mod task;

pub use changes::{Trimmed, oldest, trim};
pub use counts::{Counts, RetentionCounts};
pub use parked::{Swept, delete_settled, sweep_events};
pub use removed::{purge, removed};
pub use settings::{Keep, RetentionSettings};
pub(crate) use task::RetentionTask;
