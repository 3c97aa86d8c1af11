//! Comparing a source's recent changes with what its peer has, and recovering what was lost on the
//! way.
//!
//! ```text
//! source: which orders changed up to a boundary? ─▶ peer: what are their states there?
//!     differences ─▶ all of that published, and a grace passed ─▶ both asked again
//!     lost ─▶ offered again by the side that has it ─▶ the boundary is noted at the source
//! ```
//!
//! `boundaries`, `progress`, `judging`, `repeats` and `pace` decide, and know no clock and
//! no HTTP; `looker`, `comparing` and `settling` act. Looks at the end of the log come at their
//! interval, and reading goes on while differences wait for the second look. A crash at any point
//! repeats a range of the log and skips none; an extra offer does no harm.

pub mod boundaries;
pub mod comparer;
mod comparing;
pub mod judging;
mod looker;
pub mod pace;
pub mod progress;
pub mod repeats;
mod settling;
