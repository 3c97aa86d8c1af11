//! The lane of orders: the events of a side become changes for `POST /v1/sync/orders` at its peer.
//! Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared_models::SCHEMA;
use shared_models::coalesce::Supersede;
use shared_models::event::OrderEvent;
use shared_models::parked::ReportedChange;
use shared_models::rules::{self, CarryRule, Facts, RULES, Verdict};
use shared_models::side::Side;
use shared_models::sync::{OrderChange, SyncRequest};

use super::report::report_entry;
use super::{Decision, Lane, Obstacle};
use crate::side_client::Reply;
use crate::side_client::answer::{Answer, read_sync_reply};

/// The lane of the orders that one side publishes.
#[derive(Clone, Copy, Debug)]
pub struct OrderLane {
    /// The side that publishes them.
    pub source: Side,
}

/// The change of a message, and the time at which its source made it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderMessage {
    /// The change.
    pub change: OrderChange,
    /// The time of the event.
    pub at: DateTime<Utc>,
}

impl Supersede for OrderMessage {
    type Key = <OrderChange as Supersede>::Key;

    fn key(&self) -> Self::Key {
        self.change.key()
    }

    fn supersedes(&self, other: &Self) -> bool {
        self.change.supersedes(&other.change)
    }
}

/// The schema number of a message, which determines how the other fields are read.
#[derive(Deserialize)]
struct MessageSchema {
    schema: u32,
}

impl Lane for OrderLane {
    type Change = OrderMessage;

    const PATH: &'static str = "v1/sync/orders";

    fn rules() -> impl Iterator<Item = &'static str> {
        RULES.into_iter().map(CarryRule::as_str)
    }

    fn interpret(&self, body: &[u8]) -> Decision<OrderMessage> {
        match serde_json::from_slice::<OrderEvent>(body) {
            Ok(event) if event.schema == SCHEMA => self.apply_rules(event),
            Ok(event) => unknown_schema(event.schema),
            // An error in a message of another schema means nothing here.
            Err(error) => match serde_json::from_slice::<MessageSchema>(body) {
                Ok(MessageSchema { schema: SCHEMA }) => unreadable(&error),
                Ok(MessageSchema { schema }) => unknown_schema(schema),
                Err(error) => unreadable(&error),
            },
        }
    }

    fn made_at(message: &OrderMessage) -> DateTime<Utc> {
        message.at
    }

    fn request(
        &self,
        messages: &[&OrderMessage],
        traces: Vec<Option<String>>,
    ) -> impl Serialize + Send + Sync {
        let changes = messages.iter().map(|message| &message.change).collect::<Vec<_>>();
        SyncRequest { schema: SCHEMA, source: self.source, changes, traces }
    }

    fn read_reply(&self, messages: &[&OrderMessage], reply: &Reply) -> Answer {
        read_sync_reply(messages.iter().map(|message| message.change.event_id), reply)
    }

    fn report_entry(&self, body: &[u8], obstacle: &Obstacle) -> ReportedChange {
        report_entry(self.source, "order", body, obstacle)
    }
}

impl OrderLane {
    fn apply_rules(self, event: OrderEvent) -> Decision<OrderMessage> {
        match rules::decide(&RULES, Facts::of(self.source, &event)) {
            Verdict::Carry(cargo) => {
                let at = event.at;
                let change = OrderChange::of(event, cargo);
                Decision::Send(Box::new(OrderMessage { change, at }))
            }
            Verdict::Drop(rule) => Decision::Drop(rule.as_str()),
        }
    }
}

fn unknown_schema(schema: u32) -> Decision<OrderMessage> {
    let reason = format!("expected a message of schema {SCHEMA}, but got schema {schema}");
    Decision::Park(Obstacle::lasting(reason))
}

fn unreadable(error: &serde_json::Error) -> Decision<OrderMessage> {
    Decision::Park(Obstacle::lasting(format!("the message cannot be read: {error}")))
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
