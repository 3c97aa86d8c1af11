//! Parsing a message, and deciding what becomes of it. Pure.

use serde::Deserialize;
use shared_models::SCHEMA;
use shared_models::event::OrderEvent;
use shared_models::rules::{Facts, RULES, Rule, Verdict, decide as verdict};
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use super::obstacle::Obstacle;

/// The decision on one message.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// The change is sent to the peer.
    Carry(Box<OrderChange>),
    /// The message is dropped, by this rule.
    Drop(Rule),
    /// The message cannot be understood, for this reason.
    Park(Obstacle),
}

/// The schema number, which determines how the other fields are read.
#[derive(Deserialize)]
struct Form {
    schema: u32,
}

/// Decides what becomes of a message that `source` published.
#[must_use]
pub fn decide(source: Side, body: &[u8]) -> Decided {
    match serde_json::from_slice::<OrderEvent>(body) {
        Ok(event) if event.schema == SCHEMA => ruled(source, event),
        Ok(event) => of_another_form(event.schema),
        // An error in a message of another schema means nothing here.
        Err(error) => match serde_json::from_slice::<Form>(body) {
            Ok(Form { schema: SCHEMA }) => unreadable(&error),
            Ok(Form { schema }) => of_another_form(schema),
            Err(error) => unreadable(&error),
        },
    }
}

fn of_another_form(schema: u32) -> Decided {
    let reason = format!("its schema is {schema}, and only {SCHEMA} is known");
    Decided::Park(Obstacle::lasting(reason))
}

fn unreadable(error: &serde_json::Error) -> Decided {
    Decided::Park(Obstacle::lasting(format!("it cannot be read: {error}")))
}

fn ruled(source: Side, event: OrderEvent) -> Decided {
    match verdict(&RULES, Facts::of(source, &event)) {
        Verdict::Carry(cargo) => Decided::Carry(Box::new(OrderChange::of(event, cargo))),
        Verdict::Drop(rule) => Decided::Drop(rule),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
