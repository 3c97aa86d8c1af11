//! The picture of the flow: each direction with its stages, and the decisions in it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use program_kit::access::Rule;
use shared_models::side::Side;

use super::super::page::form_key;
use super::super::parts::{Tone, count, length, mark, millis, none, sent_time, since};
use super::super::session::Visitor;
use super::chart::chart;
use super::view::{Lane, Relay, View};
use crate::figures::Circuit;

/// Both directions.
pub(super) fn flow(view: &View, visitor: &Visitor) -> Markup {
    html! {
        div.flow {
            @for lane in &view.lanes { (direction(lane, view.at, visitor)) }
        }
    }
}

fn direction(lane: &Lane, now: DateTime<Utc>, visitor: &Visitor) -> Markup {
    let (from, to) = (lane.snapshot.from, lane.snapshot.to);
    html! {
        section.lane.(from.as_str()) aria-labelledby=(lane.snapshot.name) {
            header {
                h2 id=(lane.snapshot.name) { (title(from)) " to " (to) }
                (controls(lane, visitor))
            }
            ol.stages {
                li.stage { (source(lane, now)) }
                li.stage { (broker(lane)) }
                li.stage { (worker(lane, now)) }
                li.stage { (peer(lane)) }
            }
            div.lag {
                (chart(&lane.lag, &format!("to the {to}")))
                p.key { span.median { "median" } span.p99 { "99th percentile" } " from commit to the peer's answer" }
            }
        }
    }
}

const fn title(side: Side) -> &'static str {
    match side {
        Side::Store => "Store",
        Side::Warehouse => "Warehouse",
    }
}

/// Pausing and resuming, for those who may.
fn controls(lane: &Lane, visitor: &Visitor) -> Markup {
    let Ok(relay) = &lane.relay else { return html! {} };
    if !visitor.caller.may(Rule::ADMIN) {
        return html! {};
    }
    let name = lane.snapshot.name;
    let (action, word) = match relay.paused_since {
        Some(_) => ("resume", "Resume"),
        None => ("pause", "Pause"),
    };
    html! {
        form method="post" action=(format!("/directions/{name}/{action}")) {
            (form_key(visitor))
            button #{(name) "-pause"} aria-label=(format!("{word} {}", name.replace('-', " "))) { (word) }
        }
    }
}

fn figure(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn source(lane: &Lane, now: DateTime<Utc>) -> Markup {
    let side = title(lane.snapshot.from);
    match &lane.relay {
        Ok(relay) => html! {
            h3 { (side) " " (relay_mark(relay)) }
            dl {
                (figure("Waiting", &html! {
                    span.number { @if relay.approximate { "≈ " } (count(relay.waiting)) }
                }))
                (figure("Oldest", &age(relay.oldest, now)))
                (figure("Parked", &html! {
                    @if relay.parked > 0 { a href="/parked" { (count(relay.parked)) } } @else { "0" }
                }))
            }
        },
        Err(reason) => html! {
            h3 { (side) " " (mark(Tone::Bad, "no answer")) }
            p.reason { (reason) }
        },
    }
}

fn relay_mark(relay: &Relay) -> Markup {
    let tone = match relay.state.as_str() {
        "publishing" => Tone::Good,
        "paused" => Tone::Warn,
        "starting" | "standby" => Tone::Plain,
        _ => Tone::Bad,
    };
    html! { span title=[relay.detail.as_deref()] { (mark(tone, &relay.state)) } }
}

fn age(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Markup {
    match oldest {
        Some(oldest) => html! { span.number { (length(since(oldest, now))) } },
        None => none(),
    }
}

fn broker(lane: &Lane) -> Markup {
    let queue = &lane.snapshot.queues.sync;
    let tone = match queue.state {
        "answering" => Tone::Good,
        "unknown" => Tone::Plain,
        _ => Tone::Bad,
    };
    html! {
        h3 { "RabbitMQ " (mark(tone, queue.state)) }
        dl {
            @if let Some(depth) = &lane.snapshot.depth {
                (figure("In the queue", &html! { span.number { (count(depth.queue)) } }))
                @if depth.parked > 0 { (figure("In the parked queue", &html! { (count(depth.parked)) })) }
                (figure("Counted", &sent_time(&depth.at)))
            } @else {
                (figure("In the queue", &none()))
            }
        }
    }
}

fn worker(lane: &Lane, now: DateTime<Utc>) -> Markup {
    let snapshot = &lane.snapshot;
    let tone = match snapshot.state {
        "consuming" => Tone::Good,
        "stopped" => Tone::Plain,
        "connecting" | "asking for an offer" if snapshot.reason.is_none() => Tone::Busy,
        _ => Tone::Bad,
    };
    html! {
        h3 { "Worker " (mark(tone, snapshot.state)) }
        dl {
            (figure("Carried", &html! { span.number { (snapshot.rates.carried) "/s" } }))
            (figure("Breaker", &breaker(&snapshot.breaker)))
            (figure("For", &html! { (length(since(lane.since, now))) }))
        }
        @if let Some(reason) = &snapshot.reason { p.reason { (reason) } }
    }
}

fn breaker(breaker: &Circuit) -> Markup {
    let (tone, state) = match breaker.state {
        Some(closed @ "closed") => (Tone::Good, closed),
        Some(open @ "open") => (Tone::Bad, open),
        Some(half_open) => (Tone::Busy, half_open),
        None => (Tone::Plain, "not needed yet"),
    };
    html! {
        (mark(tone, state))
        @if let Some(next) = &breaker.next_try { " next try " (sent_time(next)) }
    }
}

fn peer(lane: &Lane) -> Markup {
    let is_away = lane.peer_unavailable().is_some();
    let results = &lane.snapshot.counters.results;
    html! {
        h3 {
            (title(lane.snapshot.to)) " "
            @if is_away { (mark(Tone::Bad, "takes nothing")) }
            @else if lane.snapshot.state == "consuming" { (mark(Tone::Good, "takes changes")) }
        }
        dl {
            @match lane.lag.last_minute {
                Some(lag) => {
                    (figure("Lag, median", &html! { span.number { (millis(lag.median)) } }))
                    (figure("Lag, p99", &html! { span.number { (millis(lag.p99)) } }))
                }
                None => {
                    (figure("Lag, median", &none()))
                    (figure("Lag, p99", &none()))
                }
            }
            (figure("Applied", &html! { (count(results.applied + results.merged)) }))
        }
    }
}

/// What became of the messages since the worker began, by rule.
pub(super) fn decisions(view: &View) -> Markup {
    let [first, second] = view.lanes.each_ref().map(|lane| &lane.snapshot.counters);
    let rows = [
        ("Received", "taken from the queue", first.received, second.received),
        ("Carried", "the peer has it", first.carried, second.carried),
        ("Applied", "newer than what the peer had", first.results.applied, second.results.applied),
        ("Merged", "both sides had edited", first.results.merged, second.results.merged),
        ("Stale", "the peer knew it", first.results.stale, second.results.stale),
        ("Parked", "could not be carried", first.parked, second.parked),
        ("Given back", "to be delivered again", first.given_back, second.given_back),
    ];
    let rules = first.dropped.iter().map(|(rule, number)| {
        (*rule, *number, second.dropped.get(rule).copied().unwrap_or_default())
    });
    html! {
        section.card {
            h2 { "Decisions since the worker began" }
            div.scroll tabindex="0" role="region" aria-label="Decisions" {
                table {
                    thead { tr { th scope="col" { "Decision" } th scope="col" { "Meaning" }
                        th.n scope="col" { "To warehouse" } th.n scope="col" { "To store" } } }
                    tbody {
                        @for (name, meaning, one, other) in rows { (decision(name, meaning, one, other)) }
                        @for (rule, one, other) in rules {
                            (decision(&format!("Dropped: {rule}"), "by this rule, the peer needs no message", one, other))
                        }
                    }
                }
            }
        }
    }
}

fn decision(name: &str, meaning: &str, one: u64, other: u64) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td.meaning { (meaning) }
            td.n data-figure=(format!("{name} 1")) { (count(one)) }
            td.n data-figure=(format!("{name} 2")) { (count(other)) }
        }
    }
}
