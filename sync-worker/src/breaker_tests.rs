use super::BreakerState::{Closed, HalfOpen};
use super::Next::{GiveBack, TryAgain};
use super::*;

const MIN: Duration = Duration::from_millis(50);
const MAX: Duration = Duration::from_secs(2);
const CAP: Duration = Duration::from_secs(60);

const POLICY: Policy =
    Policy { failures: NonZeroU32::new(3).unwrap(), min: MIN, max: MAX, retry_after_max: CAP };

/// A breaker that has just closed.
fn closed() -> Breaker {
    let mut breaker = Breaker::new(POLICY);
    breaker.peer_became_ready();
    breaker
}

/// A breaker that has just opened, for 200 ms.
fn open(now: Instant) -> Breaker {
    let mut breaker = closed();
    for _ in 0..3 {
        breaker.failed(now, Failure::default(), 1.0);
    }
    breaker
}

/// A breaker that was open, and whose time is over.
fn half_open(now: Instant) -> Breaker {
    let mut breaker = open(now);
    breaker.at(now + MAX);
    breaker
}

fn after(millis: u64) -> Next {
    TryAgain { after: Duration::from_millis(millis) }
}

#[test]
fn every_event_in_every_state_has_its_next_state() {
    let now = Instant::now();
    let until = |millis| BreakerState::Open { until: now + Duration::from_millis(millis) };
    let states = [closed(), open(now), half_open(now)];
    type Event = fn(&mut Breaker, Instant);
    let early: Event = |breaker, now| _ = breaker.at(now + Duration::from_millis(199));
    let in_time: Event = |breaker, now| _ = breaker.at(now + Duration::from_millis(200));
    let ready: Event = |breaker, _| breaker.peer_became_ready();
    let success: Event = |breaker, _| breaker.succeeded();
    let failure: Event = |breaker, now| _ = breaker.failed(now, Failure::default(), 1.0);
    let table = [
        ("early", early, [Closed, until(200), HalfOpen]),
        ("in time", in_time, [Closed, HalfOpen, HalfOpen]),
        ("ready", ready, [Closed, Closed, Closed]),
        ("success", success, [Closed, Closed, Closed]),
        ("failure", failure, [Closed, until(400), until(400)]),
    ];
    for (name, event, expected) in table {
        for (before, expected) in states.iter().zip(expected) {
            let mut breaker = before.clone();
            event(&mut breaker, now);
            assert_eq!(breaker.state(), expected, "{name} while {}", before.state().as_str());
        }
    }
}

#[test]
fn it_begins_with_the_question_whether_the_peer_is_ready() {
    let mut breaker = Breaker::new(POLICY);
    assert_eq!(breaker.at(Instant::now()), HalfOpen);
    assert_eq!(breaker.failed(Instant::now(), Failure::default(), 1.0), GiveBack);
    assert_eq!(breaker.transitions(), Transitions { opened: 1, ..Transitions::default() });
}

#[test]
fn it_opens_after_so_many_failures_in_a_row() {
    let (now, mut breaker) = (Instant::now(), closed());
    let mut fails = |success: bool| {
        if success {
            breaker.succeeded();
        }
        breaker.failed(now, Failure::default(), 1.0)
    };
    let steps = [fails(false), fails(false), fails(true), fails(false), fails(false)];
    assert_eq!(steps, [after(50), after(100), after(50), after(100), GiveBack]);
    assert_eq!(breaker.failures(), 3);
}

#[test]
fn it_opens_at_once_where_the_peer_is_not_ready() {
    let (now, mut breaker) = (Instant::now(), closed());
    let failure = Failure { is_not_ready: true, ..Failure::default() };
    assert_eq!(breaker.failed(now, failure, 1.0), GiveBack);
    assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Open { until: now + MIN }, 1));
}

#[test]
fn a_peer_that_says_when_to_come_back_is_left_alone_until_then_but_no_longer_than_the_cap() {
    let now = Instant::now();
    let cases = [(0, 50), (40, 50), (7_000, 7_000), (60_000, 60_000), (86_400_000, 60_000)];
    for (asked_for, expected) in cases {
        let mut breaker = closed();
        let retry_after = Some(Duration::from_millis(asked_for));
        let failure = Failure { retry_after, ..Failure::default() };
        assert_eq!(breaker.failed(now, failure, 1.0), GiveBack);
        let until = now + Duration::from_millis(expected);
        assert_eq!(breaker.state(), BreakerState::Open { until });
    }
}

#[test]
fn a_peer_that_is_ready_but_takes_nothing_is_asked_less_and_less_often() {
    let (mut now, mut breaker) = (Instant::now(), closed());
    let mut open_for = vec![];
    for _ in 0..3 {
        while breaker.failed(now, Failure::default(), 1.0) != GiveBack {}
        let until = match breaker.state() {
            BreakerState::Open { until } => until,
            Closed | HalfOpen => now,
        };
        open_for.push((until - now).as_millis());
        now = until;
        assert_eq!(breaker.at(now), HalfOpen);
        breaker.peer_became_ready();
        assert_eq!((breaker.state(), breaker.failures()), (Closed, 0));
    }
    assert_eq!(open_for, [200, 1600, 2000]);
    breaker.succeeded();
    assert_eq!(breaker.failed(now, Failure::default(), 1.0), after(50));
}

#[test]
fn transitions_are_counted_and_nothing_else() {
    let now = Instant::now();
    let mut breaker = half_open(now);
    breaker.peer_became_ready();
    breaker.peer_became_ready();
    breaker.succeeded();
    breaker.at(now);
    let expected = Transitions { opened: 1, half_opened: 1, closed: 2 };
    assert_eq!(breaker.transitions(), expected);
}
