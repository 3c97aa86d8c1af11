//! Comparing what a source changed lately with what its peer knows, and making good what was lost on
//! the way.
//!
//! ```text
//! source: which orders changed up to a boundary? ─▶ peer: how do they stand there?
//!     differences ─▶ all of that published, and a grace passed ─▶ both asked again
//!     lost ─▶ offered again by the side that has it ─▶ the boundary is noted at the source
//! ```
//!
//! What is to be done is decided in [`boundaries`], [`judging`], [`repeats`] and [`pace`], which know
//! no clock and no HTTP; [`comparer`] and [`round`] do it. A crash at any point repeats a stretch and
//! skips none; an offer too many does no harm.

pub mod boundaries;
pub mod comparer;
pub mod judging;
pub mod pace;
pub mod repeats;
mod round;
