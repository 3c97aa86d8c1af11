//! Changes of this site that could not be carried.
//!
//! The worker reports them; here they are rows that a person can list, replay or drop one by one.
//! Nothing is published from such a row: the order is offered, so what the peer gets is always how
//! the order stands now. A row is offered again by itself where waiting can help, and by the relay
//! alone, however it came to be due.

mod offering;
mod reporting;
mod row;
mod settling;
mod storage;

pub use offering::offer_due;
pub use reporting::{Reported, report};
pub use row::{Parked, State};
pub use settling::settle;
pub use storage::{MOST_WAITING, find, overtaken, page, waiting};
