//! The rules that hold for an order once all is healed and quiet. Pure: it looks at what the
//! clients were told and at what both databases have, and at nothing else. `mirrored`, `pulled` and
//! `runs` have those of what comes from a source and goes there.

pub mod case;
mod crossing;
mod display;
pub mod followed;
mod history;
mod lineage;
pub mod mirrored;
pub mod pulled;
pub mod runs;
mod shown;
mod writes;

use case::Case;

use super::violation::Violation;

/// Everything about an order that must not be, but for what the feeds gave of it.
#[must_use]
pub fn check(case: &Case) -> Vec<Violation> {
    let mut violations = history::check(case);
    violations.extend(writes::check(case));
    violations.extend(shown::check(case));
    violations.extend(crossing::check(case));
    violations.extend(lineage::check(case));
    violations
}

#[cfg(test)]
mod tests;
