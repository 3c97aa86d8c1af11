//! The places in a change log up to which everything is visible. Pure.
//!
//! A sequence number is assigned before its transaction commits, so a reader that has seen number 7
//! may find number 5 later. A place that was the newest at one poll becomes a boundary when every
//! transaction that had begun by the next poll has ended: by then, the owner of any smaller number
//! has a transaction id. A long transaction delays the boundary, and never makes it skip an entry.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use shared_models::comparison::LogState;

/// The most places that may wait for transactions to end; later ones are added when these have.
const MAX_CANDIDATES: usize = 64;

/// A place in the log, and when it was the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The place.
    pub place: i64,
    /// The time at which it was the newest, by the worker's clock.
    pub at: DateTime<Utc>,
}

/// The boundary of one log, and the places that are to become boundaries.
#[derive(Clone, Debug, Default)]
pub struct Boundaries {
    boundary: Option<Boundary>,
    candidates: VecDeque<(Boundary, Option<i64>)>,
    last: Option<LogState>,
    restarts: u64,
}

impl Boundaries {
    /// Records the state of the log, as asked about [`Self::newest`]; returns the boundary, once
    /// there is one.
    pub fn update(&mut self, log: &LogState, at: DateTime<Utc>) -> Option<Boundary> {
        if self.last.as_ref().is_some_and(|last| !log.continues(last)) {
            *self = Self { restarts: self.restarts + 1, ..Self::default() };
        }
        self.last = Some(log.clone());
        if let Some((_, xmax @ None)) = self.candidates.back_mut() {
            *xmax = Some(log.xmax);
        }
        let is_over =
            |candidate: &(Boundary, Option<i64>)| candidate.1.is_some_and(|it| it <= log.xmin);
        while let Some((boundary, _)) = self.candidates.pop_front_if(|candidate| is_over(candidate))
        {
            self.boundary = Some(boundary);
        }
        if self.candidates.len() < MAX_CANDIDATES {
            self.candidates.push_back((Boundary { place: log.newest, at }, None));
        }
        self.boundary
    }

    /// Returns the newest place at the last update: no boundary is beyond it.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        self.last.as_ref().map(|last| last.newest)
    }

    /// Returns how often the log was found to be another one: what was read before says nothing of
    /// it.
    #[must_use]
    pub const fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Returns the time since which the oldest place has waited for transactions to end.
    #[must_use]
    pub fn waiting_since(&self) -> Option<DateTime<Utc>> {
        self.candidates.front().map(|(boundary, _)| boundary.at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn log(newest: i64, xmin: i64, xmax: i64) -> LogState {
        LogState { newest, xmin, xmax, ..LogState::default() }
    }

    /// The boundary after each of these states: the newest place, and the running transactions.
    fn after_each(states: &[(i64, i64, i64)]) -> Vec<Option<i64>> {
        let mut boundaries = Boundaries::default();
        let update = |(newest, xmin, xmax): &(i64, i64, i64)| {
            let boundary = boundaries.update(&log(*newest, *xmin, *xmax), DateTime::UNIX_EPOCH);
            boundary.map(|boundary| boundary.place)
        };
        states.iter().map(update).collect()
    }

    #[test]
    fn a_place_is_a_boundary_at_the_next_poll_where_nothing_runs() {
        assert_eq!(after_each(&[(7, 100, 100), (7, 100, 100)]), [None, Some(7)]);
        assert_eq!(
            after_each(&[(7, 100, 100), (9, 103, 103), (9, 103, 103)]),
            [None, Some(7), Some(9)]
        );
    }

    #[test]
    fn a_transaction_that_had_begun_by_the_next_poll_delays_it_until_it_ends() {
        let states = [(7, 100, 105), (7, 100, 108), (7, 107, 110), (7, 108, 120)];
        assert_eq!(after_each(&states), [None, None, None, Some(7)]);
    }

    #[test]
    fn under_load_a_boundary_follows_the_polls() {
        let states =
            [(10, 100, 104), (20, 110, 114), (30, 120, 124), (40, 130, 134), (50, 130, 144)];
        assert_eq!(after_each(&states), [None, None, Some(10), Some(20), Some(20)]);
    }

    #[test]
    fn a_long_transaction_is_reported_and_does_not_fill_the_memory() {
        let mut boundaries = Boundaries::default();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        for second in 0..1_000 {
            boundaries.update(&log(second, 5, 10 + second), at(second));
        }
        assert_eq!(
            (boundaries.candidates.len(), boundaries.waiting_since()),
            (MAX_CANDIDATES, Some(at(0)))
        );
        assert_eq!(boundaries.update(&log(1_000, 2_000, 2_000), at(1_000)).unwrap().place, 63);
        assert_eq!(boundaries.update(&log(1_000, 2_000, 2_000), at(1_003)).unwrap().place, 1_000);
    }

    #[test]
    fn a_log_that_went_back_starts_anew() {
        for (newest, xmax) in [(5, 200), (8, 90)] {
            let states = [(7, 100, 100), (7, 100, 100), (newest, xmax, xmax)];
            assert_eq!(after_each(&states), [None, Some(7), None]);
        }
    }

    #[test]
    fn a_log_that_went_back_and_has_grown_since_starts_anew() {
        let event = |number: u128| Some(Uuid::from_u128(number));
        let of = |newest, newest_event, asked_event| LogState {
            newest_event,
            asked_event,
            ..log(newest, 100, 100)
        };
        for asked_event in [event(8), None] {
            let mut boundaries = Boundaries::default();
            let mut update = |log| {
                let boundary = boundaries.update(&log, DateTime::UNIX_EPOCH);
                (boundary.map(|boundary| boundary.place), boundaries.restarts())
            };
            assert_eq!(update(of(7, event(7), None)), (None, 0));
            assert_eq!(update(of(9, event(9), event(7))), (Some(7), 0));
            assert_eq!(update(of(20, event(20), asked_event)), (None, 1));
            assert_eq!(update(of(20, event(20), event(20))), (Some(20), 1));
        }
    }
}
