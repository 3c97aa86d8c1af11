//! What the task looks for next, and how much of it at a time. Pure.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// The most entries that a step passes, or rows that it deletes: some 20 ms, during which changes wait
/// to be published (docs/decisions/0026).
const MAX_LIMIT: u16 = 500;

/// The fewest, where steps take too long.
const MIN_LIMIT: u16 = 50;

/// The time until the rest is looked for again, when all of it is done. Trimming the log is looked for
/// with each tick of the relay.
const LOOK: Duration = Duration::from_secs(60);

/// The time until something is tried again that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Trimming the log.
    Changes,
    /// Deleting settled parked changes.
    Parked,
    /// Sweeping events that were reported.
    Events,
    /// Purging removed records.
    Removed,
}

impl Part {
    const ALL: [Self; 4] = [Self::Changes, Self::Parked, Self::Events, Self::Removed];
}

/// The end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There is nothing to do, or nothing that can be done now.
    Nothing,
    /// Something was done, and all of it.
    All,
    /// Something was done; there may be more. The sweep goes on after this event.
    More { after: Uuid },
    /// It failed.
    Failed,
}

/// The times at which the parts are looked for, and the progress of each.
#[derive(Debug)]
pub(super) struct Schedule {
    due: [Option<Instant>; 4],
    limit: u16,
    swept: Uuid,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { due: [None; 4], limit: MAX_LIMIT, swept: Uuid::nil() }
    }
}

impl Schedule {
    /// Returns the parts to look for now, in that order.
    pub(super) fn due(&self, now: Instant) -> Vec<Part> {
        let is_due = |part: &Part| self.due[*part as usize].is_none_or(|due| due <= now);
        Part::ALL.into_iter().filter(is_due).collect()
    }

    /// Returns the number of rows that a step may take, and the event after which the sweep goes on.
    pub(super) const fn extent(&self) -> (u16, Uuid) {
        (self.limit, self.swept)
    }

    /// Records the end of a step. A failed one is followed by smaller ones for a while.
    pub(super) fn ended(&mut self, part: Part, end: End, now: Instant) {
        self.due[part as usize] = match (end, part) {
            (End::Failed, _) => now.checked_add(AFTER_FAILURE),
            (End::More { .. }, _) | (End::Nothing | End::All, Part::Changes) => None,
            (End::Nothing | End::All, Part::Parked | Part::Events | Part::Removed) => {
                now.checked_add(LOOK)
            }
        };
        self.limit = match end {
            End::Failed => (self.limit / 2).max(MIN_LIMIT),
            End::More { .. } => self.limit.saturating_add(self.limit / 4).min(MAX_LIMIT),
            End::Nothing | End::All => self.limit,
        };
        if part == Part::Events {
            self.swept = match end {
                End::More { after } => after,
                End::Failed => self.swept,
                End::Nothing | End::All => Uuid::nil(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MORE: End = End::More { after: Uuid::from_u128(7) };

    #[test]
    fn the_log_is_looked_at_each_time_and_the_rest_from_time_to_time() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        assert_eq!(schedule.due(now), Part::ALL);
        for part in Part::ALL {
            schedule.ended(part, End::Nothing, now);
        }
        assert_eq!(schedule.due(now), [Part::Changes]);
        assert_eq!(schedule.due(now + LOOK), Part::ALL);
        schedule.ended(Part::Parked, MORE, now);
        assert_eq!(schedule.due(now), [Part::Changes, Part::Parked]);
    }

    #[test]
    fn a_part_that_failed_leaves_the_others_alone() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.ended(Part::Changes, End::Failed, now);
        assert_eq!(schedule.due(now), [Part::Parked, Part::Events, Part::Removed]);
        assert_eq!(schedule.due(now + AFTER_FAILURE), Part::ALL);
    }

    #[test]
    fn steps_that_fail_become_smaller_and_grow_again() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        for expected in [250, 125, 62, 50, 50] {
            schedule.ended(Part::Changes, End::Failed, now);
            assert_eq!(schedule.extent().0, expected);
        }
        schedule.ended(Part::Changes, End::All, now);
        assert_eq!(schedule.extent().0, 50, "as few as there were say nothing");
        for _ in 0..20 {
            schedule.ended(Part::Changes, MORE, now);
        }
        assert_eq!(schedule.extent().0, MAX_LIMIT);
    }

    #[test]
    fn a_sweep_goes_on_where_it_ended_and_begins_again_after_the_last() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.ended(Part::Events, MORE, now);
        schedule.ended(Part::Events, End::Failed, now);
        assert_eq!(schedule.extent().1, Uuid::from_u128(7));
        schedule.ended(Part::Parked, End::Nothing, now);
        assert_eq!(schedule.extent().1, Uuid::from_u128(7));
        schedule.ended(Part::Events, End::All, now);
        assert_eq!(schedule.extent().1, Uuid::nil());
    }
}
