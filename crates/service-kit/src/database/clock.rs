//! The time, as the database keeps it.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Returns the time with the precision of PostgreSQL, so that the same value is written and read.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
