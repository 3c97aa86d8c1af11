//! What the task looks for next, and how much of it at a time. Pure.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// The most entries that a step passes, or rows that it deletes: some 20 ms, during which changes wait
/// to be published (docs/decisions/0026).
const MAX_LIMIT: u16 = 500;

/// The fewest, where steps take too long.
const MIN_LIMIT: u16 = 50;

/// The time until the next look at a part, when all of it is done.
const fn pause(part: Part) -> Duration {
    Duration::from_secs(match part {
        // Not for a few entries at a time.
        Part::Changes => 1,
        Part::Parked | Part::Removed => 60,
        // It looks at all of them.
        Part::Events => 60 * 60,
    })
}

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
    /// The step failed.
    Failed,
}

/// The times at which the parts are looked for, and the progress of each.
#[derive(Debug)]
pub(super) struct Schedule {
    due: [Option<Instant>; 4],
    /// The index of the part that comes first: the one after that which did something last, so that
    /// none keeps the others from their turn.
    first: usize,
    limit: u16,
    swept: Uuid,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { due: [None; 4], first: 0, limit: MAX_LIMIT, swept: Uuid::nil() }
    }
}

impl Schedule {
    /// Returns the parts to look for now, in that order.
    pub(super) fn due(&self, now: Instant) -> Vec<Part> {
        let is_due = |part: &Part| self.due[*part as usize].is_none_or(|due| due <= now);
        let turns = Part::ALL.into_iter().cycle().skip(self.first).take(Part::ALL.len());
        turns.filter(is_due).collect()
    }

    /// Returns the number of rows that a step may take, and the event after which the sweep goes on.
    pub(super) const fn extent(&self) -> (u16, Uuid) {
        (self.limit, self.swept)
    }

    /// Records the end of a step. A failed one is followed by smaller ones for a while.
    pub(super) fn ended(&mut self, part: Part, end: End, now: Instant) {
        self.due[part as usize] = match (end, part) {
            (End::Failed, _) => now.checked_add(AFTER_FAILURE),
            (End::More { .. }, _) => None,
            (End::Nothing | End::All, _) => now.checked_add(pause(part)),
        };
        if end != End::Nothing {
            self.first = (part as usize + 1) % Part::ALL.len();
        }
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
    fn what_is_done_is_looked_at_again_after_a_pause() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        assert_eq!(schedule.due(now), Part::ALL);
        for part in Part::ALL {
            schedule.ended(part, End::Nothing, now);
        }
        let after = |seconds| schedule.due(now + Duration::from_secs(seconds));
        assert_eq!(after(0), []);
        assert_eq!(after(1), [Part::Changes]);
        assert_eq!(after(60), [Part::Changes, Part::Parked, Part::Removed]);
        assert_eq!(after(3_600), Part::ALL);
    }

    #[test]
    fn a_part_that_always_has_more_leaves_the_others_their_turn() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        let mut turns = vec![];
        for _ in 0..6 {
            let part = schedule.due(now)[0];
            let end = if matches!(part, Part::Changes | Part::Removed) { MORE } else { End::All };
            schedule.ended(part, end, now);
            turns.push(part);
        }
        let expected = [&Part::ALL[..], &[Part::Changes, Part::Removed]].concat();
        assert_eq!(turns, expected);
    }

    #[test]
    fn a_part_that_failed_leaves_the_others_alone() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.ended(Part::Changes, End::Failed, now);
        let others = [Part::Parked, Part::Events, Part::Removed];
        assert_eq!(schedule.due(now), others);
        let all = [&others[..], &[Part::Changes]].concat();
        assert_eq!(schedule.due(now + AFTER_FAILURE), all);
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
