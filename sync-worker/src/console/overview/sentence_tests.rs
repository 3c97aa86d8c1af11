//! The sentence in each state.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, TimeZone as _};
use program_kit::http::metrics::Registry;
use shared_models::side::Direction;

use super::*;
use crate::audit::NewestReceipt;
use crate::figures::{Figures, Lags, QueueState, State, Waiting};
use crate::topology::QueueKind;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 29, 12, 0, 0).unwrap()
}

fn relay() -> Relay {
    Relay {
        state: "publishing".to_owned(),
        detail: None,
        paused_since: None,
        waiting: 0,
        approximate: false,
        oldest: None,
        parked: 0,
        dropped_at: None,
    }
}

/// Both directions as they are when all is well.
fn well() -> View {
    let lane = |direction| {
        let figures = Figures::new(direction, std::iter::empty(), &Registry::new("test"));
        figures.enter(State::Consuming);
        let mut snapshot = figures.snapshot();
        snapshot.comparison.as_of = Some(now() - TimeDelta::seconds(10));
        let lag = Lags::new(Instant::now()).at(Instant::now());
        Lane { snapshot, since: now() - TimeDelta::seconds(40), lag, relay: Ok(relay()) }
    };
    View {
        at: now(),
        lanes: Direction::ALL.map(lane),
        receipt: None,
        compare_within: Duration::from_secs(90),
    }
}

/// The sentence after this was done to all that is well.
fn after(change: impl FnOnce(&mut View)) -> (Tone, String) {
    let mut view = well();
    change(&mut view);
    let sentence = sentence(&view);
    let html = sentence.html().into_string();
    let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(&html, "").into_owned();
    (sentence.tone, text)
}

fn enter(lane: &mut Lane, state: &State) {
    lane.snapshot.state = state.as_str();
    lane.snapshot.reason = state.reason().map(str::to_owned);
}

fn of(view: &mut View, index: usize) -> &mut Relay {
    view.lanes[index].relay.as_mut().unwrap()
}

fn queue(waiting: u32) -> Option<Waiting> {
    Some(Waiting { queue: waiting, parked: 0, at: "2026-11-29T12:00:00Z".to_owned() })
}

fn receipt(left: u64) -> NewestReceipt {
    let to = now() - TimeDelta::hours(1);
    NewestReceipt {
        number: 4711,
        from: to - TimeDelta::minutes(1),
        to,
        found: left,
        left,
        dropped: 0,
    }
}

#[test]
fn agreement_says_as_of_when() {
    let (tone, text) = after(|view| {
        view.lanes[1].snapshot.comparison.as_of = Some(now() - TimeDelta::seconds(20));
    });
    assert_eq!((tone, &*text), (Tone::Good, "In agreement as of 2026-11-29 11:59:40 UTC."));
    let (_, text) = after(|view| view.receipt = Some(receipt(0)));
    assert_eq!(text, "In agreement as of 2026-11-29 11:59:50 UTC, receipt 4711.");
    let (tone, text) =
        after(|view| view.receipt = Some(NewestReceipt { dropped: 1, ..receipt(0) }));
    assert_eq!(tone, Tone::Plain);
    let expected = "In agreement as of 2026-11-29 11:59:50 UTC, receipt 4711, except for 1 order of \
                    which a change was given up.";
    assert_eq!(text, expected);
    let given_up = |minutes| {
        after(|view| {
            of(view, 1).dropped_at = Some(now() - TimeDelta::minutes(minutes));
            view.receipt = Some(receipt(0));
        })
    };
    let (tone, text) = given_up(60);
    assert_eq!(tone, Tone::Plain, "the audit may have judged the order before");
    assert!(text.ends_with(", receipt 4711, except for what was given up since it was parked."));
    assert_eq!(given_up(62).0, Tone::Good, "the audit counts what of it still differs");
    let (tone, text) = after(|view| view.lanes[0].snapshot.depth = queue(3));
    assert_eq!(tone, Tone::Good);
    assert!(text.ends_with("; 3 changes are on the way."), "{text}");
    let (tone, text) = after(|view| view.lanes[1].snapshot.comparison.as_of = None);
    assert_eq!(tone, Tone::Plain);
    assert!(text.ends_with("have not been compared yet."), "{text}");
}

#[test]
fn comparing_that_stands_still_is_said() {
    let (tone, _) = after(|view| {
        view.lanes[0].snapshot.comparison.as_of = Some(now() - TimeDelta::seconds(90));
    });
    assert_eq!(tone, Tone::Good);
    let (tone, text) = after(|view| {
        let comparison = &mut view.lanes[0].snapshot.comparison;
        comparison.as_of = Some(now() - TimeDelta::hours(2));
        comparison.set_waits_for(Some("the store: 401"));
    });
    assert_eq!(tone, Tone::Warn);
    let expected = "What changed has not been compared since 2026-11-29 10:00:00 UTC (the store: 401): \
                    nobody knows whether the two sides agree.";
    assert_eq!(text, expected);
}

#[test]
fn a_side_that_does_not_answer_is_named_with_what_waits_for_it() {
    let away = State::WaitingForPeer(Some("no connection: refused".to_owned()));
    let (tone, text) = after(|view| {
        enter(&mut view.lanes[0], &away);
        view.lanes[1].relay = Err("the warehouse: no connection".to_owned());
        view.lanes[0].snapshot.depth = queue(300);
        of(view, 0).waiting = 12;
    });
    let expected =
        "The warehouse has not answered for 40 s: 312 changes wait at the store, none is lost.";
    assert_eq!((tone, &*text), (Tone::Bad, expected));
    let (_, text) = after(|view| view.lanes[0].relay = Err("gone".to_owned()));
    let expected =
        "The store has not answered: what changes meanwhile waits at the warehouse, none is lost.";
    assert_eq!(text, expected);
    let (_, text) = after(|view| enter(&mut view.lanes[1], &away));
    assert!(
        text.starts_with("The store has taken no changes for 40 s (no connection: refused): "),
        "{text}"
    );
    let (tone, text) = after(|view| {
        view.lanes.iter_mut().for_each(|lane| lane.relay = Err("gone".to_owned()));
    });
    assert_eq!(tone, Tone::Bad);
    assert!(text.starts_with("Neither the store nor the warehouse"), "{text}");
}

#[test]
fn what_stands_still_is_said_before_what_is_left_over() {
    let (tone, text) = after(|view| {
        enter(&mut view.lanes[0], &State::Connecting(Some("no connection".to_owned())));
        view.lanes[0].relay = Err("gone".to_owned());
        of(view, 1).parked = 3;
    });
    assert_eq!(tone, Tone::Bad);
    assert!(text.starts_with("RabbitMQ has not been usable for 40 s (no connection): "), "{text}");
    let (tone, text) = after(|view| {
        of(view, 0).paused_since = Some(now() - TimeDelta::minutes(5));
        of(view, 0).waiting = 1;
        of(view, 1).parked = 3;
    });
    let expected = "The store has been paused since 2026-11-29 11:55:00 UTC: 1 change waits until \
                    it is resumed.";
    assert_eq!((tone, &*text), (Tone::Warn, expected));
    let (tone, text) = after(|view| {
        of(view, 1).state = "blocked".to_owned();
        of(view, 1).detail = Some("low on memory".to_owned());
    });
    assert_eq!(tone, Tone::Bad);
    assert!(text.starts_with("The warehouse cannot publish (low on memory): "), "{text}");
}

#[test]
fn a_queue_that_was_lost_or_is_silent_is_said() {
    let (tone, text) = after(|view| enter(&mut view.lanes[0], &State::AskingForOffer(None)));
    assert_eq!(tone, Tone::Busy);
    assert!(text.starts_with("The queue to the warehouse was lost"), "{text}");
    let (tone, text) = after(|view| {
        let figures = Figures::new(Direction::ALL[1], std::iter::empty(), &Registry::new("test"));
        figures.set_queue_state(QueueKind::Sync, QueueState::Silent(Duration::from_secs(7)));
        view.lanes[1].snapshot.queues = figures.snapshot().queues;
    });
    assert_eq!(tone, Tone::Warn);
    assert!(text.starts_with("The queue to the store is silent (it has not answered for 7 s)"));
}

#[test]
fn what_is_parked_late_or_different_is_said() {
    let (tone, text) = after(|view| {
        (of(view, 0).parked, of(view, 1).parked) = (2, 1);
        of(view, 0).oldest = Some(now() - TimeDelta::minutes(5));
    });
    assert_eq!(tone, Tone::Warn);
    assert!(text.starts_with("3 changes could not be carried and are parked"), "{text}");
    let late = |seconds| {
        after(|view| {
            of(view, 0).oldest = Some(now() - TimeDelta::seconds(seconds));
            of(view, 0).waiting = 7;
        })
    };
    let expected = "Catching up: 7 changes are on the way, and the oldest has waited for 12 s.";
    assert_eq!(late(12), (Tone::Busy, expected.to_owned()));
    assert_eq!(late(9).0, Tone::Good);
    let left = |view: &mut View, minutes| {
        view.lanes[1].snapshot.comparison.left_at = Some(now() - TimeDelta::minutes(minutes));
        of(view, 0).parked = 1;
    };
    let (tone, text) = after(|view| left(view, 10));
    assert_eq!(tone, Tone::Bad, "it is graver than what is parked");
    let expected = "Orders that were published again still differed at 2026-11-29 11:50:00 UTC: \
                    compare all to see which. To the audits";
    assert_eq!(text, expected);
    let audited = |minutes| {
        after(|view| {
            left(view, minutes);
            view.receipt = Some(receipt(0));
        })
    };
    assert_eq!(audited(59).0, Tone::Bad, "the audit began before");
    assert_eq!(audited(62).0, Tone::Warn, "the audit has judged it");
    let (tone, text) = after(|view| view.receipt = Some(receipt(2)));
    assert_eq!(tone, Tone::Bad);
    let expected = "2 orders differ although published again: receipt 4711 of 2026-11-29 11:00:00 \
                    UTC. See which";
    assert_eq!(text, expected);
}
