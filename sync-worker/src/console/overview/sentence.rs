//! The sentence on top of the overview: how things are, so that a person can act on it. Pure.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use shared_models::side::Side;

use super::super::parts::{Tone, length, number_of, since, time};
use super::view::{Lane, Relay, View};

/// The time for which changes may wait before the sentence says so, in seconds.
const SOON: u64 = 10;

/// A sentence about the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// How much it needs a person.
    pub(crate) tone: Tone,
    /// Its text; a time stands between the two parts, if there is one.
    text: (String, Option<(DateTime<Utc>, String)>),
    /// Where to go on: the path, and what it is called.
    pub(crate) link: Option<(&'static str, &'static str)>,
}

impl Sentence {
    fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: (text.into(), None), link: None }
    }

    fn with_time(self, at: DateTime<Utc>, rest: impl Into<String>) -> Self {
        Self { text: (self.text.0, Some((at, rest.into()))), ..self }
    }

    fn leading_to(self, path: &'static str, name: &'static str) -> Self {
        Self { link: Some((path, name)), ..self }
    }

    /// Returns the sentence as HTML.
    pub(crate) fn html(&self) -> Markup {
        let (text, rest) = &self.text;
        html! {
            (text)
            @if let Some((at, rest)) = rest { (time(*at)) (rest) }
            @if let Some((path, name)) = self.link { " " a href=(path) { (name) } }
        }
    }
}

/// Returns the sentence about a moment: the gravest, and of several the one that explains the others.
pub(crate) fn sentence(view: &View) -> Sentence {
    let found = [
        broker(view),
        sides(view),
        publishing(view),
        different(view),
        left_by_audit(view),
        queues(view),
        not_compared(view),
        parked(view),
        backlog(view),
    ];
    let gravest = found.into_iter().flatten().min_by_key(|sentence| Reverse(sentence.tone));
    gravest.unwrap_or_else(|| agreement(view))
}

fn broker(view: &View) -> Option<Sentence> {
    let lane = view
        .lanes
        .iter()
        .find(|lane| lane.snapshot.state == "connecting" && lane.snapshot.reason.is_some())?;
    let reason = lane.snapshot.reason.as_deref().unwrap_or_default();
    let time = length(since(lane.since, view.at));
    let waiting = waiting_at_both(view);
    let text = format!(
        "RabbitMQ has not been usable for {time} ({reason}): {waiting}; what is written meanwhile \
         waits at its side, none is lost."
    );
    Some(Sentence::new(Tone::Bad, text))
}

fn waiting_at_both(view: &View) -> String {
    let at = |side| {
        let waiting = view.from(side).waiting();
        format!("{} at the {side}", number_of(waiting, "change waits", "changes wait"))
    };
    format!("{} and {}", at(Side::Store), at(Side::Warehouse))
}

/// A side that does not answer, or takes no changes.
fn sides(view: &View) -> Option<Sentence> {
    let is_away = |side: Side| {
        let to_it = view.from(side.peer());
        let time = to_it.peer_unavailable().map(|_| length(since(to_it.since, view.at)));
        match (&view.from(side).relay, time) {
            (Err(_), time) => Some((false, time)),
            (Ok(_), Some(time)) => Some((true, Some(time))),
            (Ok(_), None) => None,
        }
    };
    match Side::ALL.map(is_away) {
        [None, None] => None,
        [Some(_), Some(_)] => {
            let text = "Neither the store nor the warehouse can be worked with: what was written \
                        waits at its side, none is lost.";
            Some(Sentence::new(Tone::Bad, text))
        }
        [Some(away), None] => Some(one_away(view, Side::Store, away)),
        [None, Some(away)] => Some(one_away(view, Side::Warehouse, away)),
    }
}

fn one_away(view: &View, side: Side, (answers, time): (bool, Option<String>)) -> Sentence {
    let peer = side.peer();
    let waiting = match view.from(peer).waiting() {
        // The worker may have some in hand, which are not counted.
        0 => "what changes meanwhile waits".to_owned(),
        some => number_of(some, "change waits", "changes wait"),
    };
    let time = time.map(|time| format!(" for {time}")).unwrap_or_default();
    let what = match (answers, view.from(peer).peer_unavailable()) {
        (true, Some(reason)) => format!("has taken no changes{time} ({reason})"),
        (true, None) | (false, _) => format!("has not answered{time}"),
    };
    Sentence::new(Tone::Bad, format!("The {side} {what}: {waiting} at the {peer}, none is lost."))
}

/// A relay that does not publish.
fn publishing(view: &View) -> Option<Sentence> {
    let relays = Side::ALL.into_iter().filter_map(|side| {
        let lane = view.from(side);
        Some((side, lane, lane.relay.as_ref().ok()?))
    });
    relays.filter_map(|(side, lane, relay)| not_publishing(side, lane, relay)).next()
}

fn not_publishing(side: Side, lane: &Lane, relay: &Relay) -> Option<Sentence> {
    let waiting = number_of(lane.waiting(), "change waits", "changes wait");
    if let Some(since) = relay.paused_since {
        let sentence = Sentence::new(Tone::Warn, format!("The {side} has been paused since "));
        return Some(sentence.with_time(since, format!(": {waiting} until it is resumed.")));
    }
    match relay.state.as_str() {
        "unroutable" | "blocked" | "waiting" => {
            let reason = relay.detail.as_deref().unwrap_or(&relay.state);
            let text = format!("The {side} cannot publish ({reason}): {waiting}, none is lost.");
            Some(Sentence::new(Tone::Bad, text))
        }
        _ => None,
    }
}

fn queues(view: &View) -> Option<Sentence> {
    view.lanes.iter().find_map(|lane| {
        let (from, to) = (lane.snapshot.from, lane.snapshot.to);
        if lane.snapshot.state == "asking for an offer" {
            let text = format!(
                "The queue to the {to} was lost with what was in it: the {from} is asked to \
                 publish its orders again."
            );
            return Some(Sentence::new(Tone::Busy, text));
        }
        let queue = &lane.snapshot.queues.sync;
        let reason = queue.reason.as_deref()?;
        let text = format!("The queue to the {to} is {} ({reason}); it is made good.", queue.state);
        Some(Sentence::new(Tone::Warn, text))
    })
}

/// Comparing that has stood still for long.
fn not_compared(view: &View) -> Option<Sentence> {
    let comparisons = view.lanes.iter().map(|lane| &lane.snapshot.comparison);
    let (as_of, waits_for) = comparisons.filter_map(|it| Some((it.as_of?, &it.waits_for))).min()?;
    (since(as_of, view.at) > view.compare_within).then(|| {
        let reason = waits_for.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let rest = format!("{reason}: nobody knows whether the two sides agree.");
        Sentence::new(Tone::Warn, "What changed has not been compared since ")
            .with_time(as_of, rest)
    })
}

fn parked(view: &View) -> Option<Sentence> {
    let parked = view.lanes.iter().filter_map(|lane| lane.relay.as_ref().ok());
    let parked = parked.map(|relay| relay.parked).sum::<u64>();
    let text = number_of(
        parked,
        "change could not be carried and is parked; the others go on.",
        "changes could not be carried and are parked; the others go on.",
    );
    (parked > 0).then(|| Sentence::new(Tone::Warn, text).leading_to("/parked", "See what and why"))
}

fn backlog(view: &View) -> Option<Sentence> {
    let oldest = view.lanes.iter().filter_map(|lane| lane.relay.as_ref().ok()?.oldest).min()?;
    let age = since(oldest, view.at);
    let waiting = view.lanes.iter().map(Lane::waiting).sum::<u64>();
    (age.as_secs() >= SOON).then(|| {
        let waiting = number_of(waiting, "change is", "changes are");
        let text = format!(
            "Catching up: {waiting} on the way, and the oldest has waited for {}.",
            length(age)
        );
        Sentence::new(Tone::Busy, text)
    })
}

/// Orders that comparing what changed lately has left: an audit that began later has judged them anew.
fn different(view: &View) -> Option<Sentence> {
    let left_at = view.lanes.iter().filter_map(|lane| lane.snapshot.comparison.left_at).max()?;
    let is_audited = view.receipt.is_some_and(|receipt| receipt.from > left_at);
    (!is_audited).then(|| {
        let text = "Orders that were published again still differed at ";
        let sentence = Sentence::new(Tone::Bad, text);
        let sentence = sentence.with_time(left_at, ": compare all to see which.");
        sentence.leading_to("/agreement", "To the audits")
    })
}

/// Orders that the newest audit has left.
fn left_by_audit(view: &View) -> Option<Sentence> {
    let receipt = view.receipt.filter(|receipt| receipt.left > 0)?;
    let differ = number_of(receipt.left, "order differs", "orders differ");
    let text = format!("{differ} although published again: receipt {} of ", receipt.number);
    let sentence = Sentence::new(Tone::Bad, text).with_time(receipt.to, ".");
    Some(sentence.leading_to("/agreement", "See which"))
}

fn agreement(view: &View) -> Sentence {
    let on_the_way = view.lanes.iter().map(Lane::waiting).sum::<u64>();
    let rest = match on_the_way {
        0 => ".".to_owned(),
        some => format!("; {} on the way.", number_of(some, "change is", "changes are")),
    };
    let number = view.receipt.map(|receipt| format!(", receipt {}", receipt.number));
    let except = given_up(view);
    let tone = if except.is_some() { Tone::Plain } else { Tone::Good };
    let receipt = [number, except].into_iter().flatten().collect::<String>();
    let compared = view.lanes.each_ref().map(|lane| lane.snapshot.comparison.as_of);
    match compared {
        [Some(one), Some(other)] => {
            Sentence::new(tone, "In agreement as of ").with_time(one.min(other), receipt + &rest)
        }
        [None, _] | [_, None] => {
            let text = format!("Everything that was published is carried{rest}");
            let text = text + " The two sides have not been compared yet.";
            Sentence::new(Tone::Plain, text)
        }
    }
}

/// Returns the exception for changes that a person has given up: the sides differ by them.
fn given_up(view: &View) -> Option<String> {
    let relays = view.lanes.iter().filter_map(|lane| lane.relay.as_ref().ok());
    let newest = relays.filter_map(|relay| relay.dropped_at).max();
    // Until the next audit nobody knows which orders differ because of it.
    let is_audited = |at| view.receipt.is_some_and(|receipt| receipt.from > at);
    match (newest.filter(|at| !is_audited(*at)), view.receipt.map_or(0, |it| it.dropped)) {
        (Some(_), _) => Some(", except for what was given up since it was parked".to_owned()),
        (None, 0) => None,
        (None, dropped) => {
            let orders = number_of(dropped, "order", "orders");
            Some(format!(", except for {orders} of which a change was given up"))
        }
    }
}

#[cfg(test)]
#[path = "sentence_tests.rs"]
mod tests;
