//! The decision whether a run begins. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use shared_models::runs::{BeginRun, Cursors};
use uuid::Uuid;

/// What is known of a job when a run of a task of it is to begin.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The database's clock.
    pub(super) now: DateTime<Utc>,
    pub(super) under_way: Option<Held>,
    /// The newest run of the task that is over, and was not abandoned, of those that do not begin after now:
    /// later ones are from before the clock was set back.
    pub(super) last: Option<Last>,
    /// Set if the run has been known before: it is the one under way, or over.
    pub(super) is_known: bool,
    pub(super) cursors: Cursors,
}

/// The newest run of a task that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) began: DateTime<Utc>,
    /// The time at which the task is due again, if that is before its interval.
    pub(super) again_at: Option<DateTime<Utc>>,
}

/// The run under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) run: Uuid,
    pub(super) until: DateTime<Utc>,
    /// The seconds for which it was held, from when it was begun or renewed last.
    pub(super) seconds: u32,
}

/// What becomes of a request to begin a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// The run begins; the one that its worker did not renew is abandoned.
    Begin { abandoned: Option<Uuid> },
    /// The same request was carried out before.
    AlreadyBegun,
    /// The same request was carried out before, and the run is over.
    AlreadyOver,
    /// Another run is under way, this one. Where it is held until a time further ahead than its hold is long, the
    /// clock was set back: then it is held for so many seconds from now.
    Busy { run: Uuid, ahead: Option<u32> },
    /// The schedule has to wait for so many milliseconds; the run that its worker did not renew is abandoned.
    NotDue { due_in: u64, abandoned: Option<Uuid> },
}

/// Decides about a request to begin a run.
pub(super) fn begin_now(here: &Known, request: &BeginRun) -> Beginning {
    let abandoned = match here.under_way {
        Some(held) if held.run == request.run => return Beginning::AlreadyBegun,
        _ if here.is_known => return Beginning::AlreadyOver,
        Some(Held { run, until, seconds }) if here.now < until => {
            let is_ahead = until - here.now > TimeDelta::seconds(i64::from(seconds));
            return Beginning::Busy { run, ahead: is_ahead.then_some(seconds) };
        }
        Some(held) => Some(held.run),
        None => None,
    };
    match due_in(here, request.interval) {
        _ if request.resumes && abandoned.is_some() => Beginning::Begin { abandoned },
        0 => Beginning::Begin { abandoned },
        due_in => Beginning::NotDue { due_in, abandoned },
    }
}

/// Returns the milliseconds until the task is due.
fn due_in(here: &Known, interval: Option<u64>) -> u64 {
    let (Some(interval), Some(last)) = (interval, here.last) else { return 0 };
    let since = (here.now - last.began).num_milliseconds();
    let due_in = u64::try_from(since).map_or(0, |since| interval.saturating_sub(since));
    let until = |again_at: DateTime<Utc>| (again_at - here.now).num_milliseconds();
    let again_in = last.again_at.map(|again_at| u64::try_from(until(again_at)).unwrap_or(0));
    again_in.map_or(due_in, |again_in| due_in.min(again_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn idle() -> Known {
        let (under_way, last, is_known) = (None, None, false);
        Known { now: at(0), under_way, last, is_known, cursors: Cursors::new() }
    }

    fn scheduled(interval: u64) -> BeginRun {
        let (run, task) = (Uuid::from_u128(7), "pull".to_owned());
        let (interval, principal) = (Some(interval), None);
        BeginRun { run, task, interval, principal, hold: 60, resumes: false }
    }

    fn requested() -> BeginRun {
        BeginRun { interval: None, ..scheduled(0) }
    }

    fn began(seconds: i64) -> Known {
        Known { last: Some(Last { began: at(seconds), again_at: None }), ..idle() }
    }

    const fn not_due(due_in: u64) -> Beginning {
        Beginning::NotDue { due_in, abandoned: None }
    }

    /// Another run, held for a minute, until so many seconds from now.
    fn held_by_other(until: i64) -> Known {
        let held = Held { run: OTHER, until: at(until), seconds: 60 };
        Known { under_way: Some(held), ..idle() }
    }

    const BEGIN: Beginning = Beginning::Begin { abandoned: None };
    const OTHER: Uuid = Uuid::from_u128(8);

    #[test]
    fn the_first_run_begins_at_once_and_the_next_one_after_the_interval() {
        assert_eq!(begin_now(&idle(), &scheduled(60_000)), BEGIN);
        assert_eq!(begin_now(&began(-10), &scheduled(60_000)), not_due(50_000));
        assert_eq!(begin_now(&began(-60), &scheduled(60_000)), BEGIN);
        assert_eq!(begin_now(&began(-10), &requested()), BEGIN);
    }

    #[test]
    fn a_run_that_failed_is_due_again_before_its_interval_but_never_after_it() {
        for (again_at, expected) in
            [(at(20), not_due(20_000)), (at(90), not_due(50_000)), (at(0), BEGIN), (at(-5), BEGIN)]
        {
            let last = Some(Last { began: at(-10), again_at: Some(again_at) });
            assert_eq!(begin_now(&Known { last, ..idle() }, &scheduled(60_000)), expected);
        }
    }

    #[test]
    fn a_run_that_nobody_holds_is_abandoned_also_if_the_schedule_is_too_early() {
        let dead = Known { under_way: held_by_other(-1).under_way, ..began(-10) };
        let expected = Beginning::NotDue { due_in: 50_000, abandoned: Some(OTHER) };
        assert_eq!(begin_now(&dead, &scheduled(60_000)), expected);
        let resuming = BeginRun { resumes: true, ..scheduled(60_000) };
        let abandoned = Some(OTHER);
        assert_eq!(begin_now(&dead, &resuming), Beginning::Begin { abandoned });
        assert_eq!(begin_now(&began(-10), &resuming), not_due(50_000), "none was abandoned");
    }

    #[test]
    fn another_run_of_the_job_is_waited_for_as_long_as_it_is_held() {
        for request in [scheduled(0), requested()] {
            for (until, ahead) in [(1, None), (60, None), (61, Some(60)), (1_800, Some(60))] {
                let busy = Beginning::Busy { run: OTHER, ahead };
                assert_eq!(begin_now(&held_by_other(until), &request), busy, "{until}");
            }
            let abandoned = Beginning::Begin { abandoned: Some(OTHER) };
            assert_eq!(begin_now(&held_by_other(0), &request), abandoned);
        }
    }

    #[test]
    fn a_request_that_is_repeated_begins_nothing() {
        let (now, id) = (at(0), requested().run);
        let held = Held { run: id, until: now, seconds: 60 };
        let same = Known { under_way: Some(held), is_known: true, ..idle() };
        assert_eq!(begin_now(&same, &requested()), Beginning::AlreadyBegun);
        let over = Known { is_known: true, ..idle() };
        assert_eq!(begin_now(&over, &requested()), Beginning::AlreadyOver);
        let taken_over = Known { is_known: true, ..held_by_other(9) };
        assert_eq!(begin_now(&taken_over, &requested()), Beginning::AlreadyOver);
    }
}
