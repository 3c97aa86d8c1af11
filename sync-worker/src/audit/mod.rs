//! Audits: all orders of both sides are compared, differences are healed, and a receipt is kept.
//!
//! ```text
//! pages of both sides, by id ─▶ joined ─▶ equal: counted
//!     different ─▶ what is on its way arrives ─▶ equal, or offered again ─▶ healed, or left
//!     ─▶ the place is saved at the store ─▶ next pages … ─▶ the receipt
//! ```
//!
//! What changed lately is compared all the time (`comparison`); an audit finds what no log tells of: a row
//! that was changed by hand, a side that was set back, what was lost before. It is the task `audit` of the job
//! `orders`, whose runs the store keeps, so that one at a time is made whichever worker does it.
//!
//! `rules`, `report` and `shown` decide, and know no clock and no HTTP; `asking`, `settling` and `work` act.

mod asking;
mod audits;
pub mod cli;
mod figures;
mod report;
mod rules;
mod settling;
mod shown;
mod work;

pub use audits::{Audits, Began};
pub use figures::{AuditFigures, NewestReceipt};
pub use report::{Difference, Digests, Ending, Findings, Report, SideDigest};
pub use rules::Kind;
pub use shown::{DetailedAudit, ShownAudit, ShownReport, audits, numbered};
pub use work::{Audit, OnProgress};

/// The name of the job whose runs audits are.
pub const JOB: &str = "orders";
/// The name of the task.
pub const TASK: &str = "audit";
