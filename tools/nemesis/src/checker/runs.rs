//! The rule that runs of one job follow each other, whichever worker does them.

use serde::Deserialize;

use crate::violation::{Rule, Violation};

/// A run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// The job.
    pub job: String,
    /// The task.
    pub task: String,
    /// When it began, in microseconds.
    pub began: i64,
    /// When it ended, or was abandoned; none while it goes on.
    pub ended: Option<i64>,
    /// Set if another one began in its place.
    pub is_abandoned: bool,
}

/// The time in which no run may be abandoned, in microseconds: its worker holds it, and renews that. (A hold
/// lasts longer, but the nemesis ends one that is not renewed.)
const HELD: i64 = 10_000_000;

/// The runs that begin before another one of their job is over, or is held no more. They are in the order in which they
/// began, those of each job together.
#[must_use]
pub fn check(runs: &[Run]) -> Vec<Violation> {
    let overlap = |pair: &&[Run]| {
        pair[0].job == pair[1].job && pair[0].ended.is_none_or(|ended| pair[1].began < ended)
    };
    let overlaps = runs.windows(2).filter(overlap);
    let overlaps = overlaps.map(|it| format!("{:?} goes on, and {:?} begins", it[0], it[1]));
    let is_early =
        |run: &&Run| run.is_abandoned && run.ended.is_some_and(|ended| ended - run.began < HELD);
    let early = runs.iter().filter(is_early);
    let early = early.map(|run| format!("{run:?} is abandoned while its worker holds it"));
    overlaps.chain(early).map(|why| Violation::of_all(Rule::Alone, why)).collect()
}
