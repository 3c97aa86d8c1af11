//! The spans of a batch's messages: each belongs to the trace of the change that its message announces,
//! from the collection of the batch to settlement.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::message::Delivery as DeliveredMessage;
use lapin::types::AMQPValue;
use program_kit::telemetry::trace::Span;
use shared_models::names;
use shared_models::side::Direction;
use shared_models::trace::{TRACEPARENT, TraceContext};

use crate::lanes::Fate;

/// The spans of those messages of a batch that are traced, by their places in it.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<usize, Span>);

impl Spans {
    /// Begins the spans of the traced messages.
    pub(super) fn begin(direction: Direction, deliveries: &[DeliveredMessage]) -> Self {
        let begin = |(place, delivery): (usize, &DeliveredMessage)| {
            let mut span = Span::consumer("carry", Some(trace_of(&delivery.properties)?));
            if span.is_recorded() {
                span.rename(|| format!("carry {direction}"));
                span.set("messaging.system", "rabbitmq");
                span.set("messaging.destination.name", names::queue(direction));
                span.set("messaging.rabbitmq.message.redelivered", delivery.redelivered);
                if let Some(id) = delivery.properties.message_id() {
                    span.set("messaging.message.id", id.to_string());
                }
            }
            Some((place, span))
        };
        Self(deliveries.iter().enumerate().filter_map(begin).collect())
    }

    /// Returns the trace of each of these messages, for the request that sends their changes; none if no
    /// message of the batch is traced.
    pub(super) fn traces(&self, messages: impl Iterator<Item = usize>) -> Vec<Option<String>> {
        if self.0.is_empty() {
            return vec![];
        }
        let trace = |message| Some(self.0.get(&message)?.context()?.to_string());
        messages.map(trace).collect()
    }

    /// Ends the spans, each with what became of its message.
    pub(super) fn end(self, fates: &[Fate]) {
        for (place, mut span) in self.0 {
            match fates.get(place) {
                Some(Fate::Carried) => span.set("lockstep.fate", "carried"),
                Some(Fate::Dropped(rule)) => {
                    span.set("lockstep.fate", "dropped");
                    span.set("lockstep.rule", *rule);
                }
                Some(Fate::Parked(obstacle)) => {
                    span.set("lockstep.fate", "parked");
                    span.failed(obstacle.reason.clone());
                }
                Some(Fate::GivenBack) => span.set("lockstep.fate", "given back"),
                None => {}
            }
        }
    }
}

/// Returns the trace that a message belongs to, if it has a readable one.
pub(super) fn trace_of(properties: &BasicProperties) -> Option<TraceContext> {
    let AMQPValue::LongString(text) = properties.headers().as_ref()?.inner().get(TRACEPARENT)?
    else {
        return None;
    };
    std::str::from_utf8(text.as_bytes()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;

    #[test]
    fn a_message_belongs_to_the_trace_that_its_header_names() {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let with = |value: Option<AMQPValue>| {
            let mut headers = FieldTable::default();
            if let Some(value) = value {
                headers.insert(TRACEPARENT.into(), value);
            }
            trace_of(&BasicProperties::default().with_headers(headers))
        };
        assert_eq!(with(Some(AMQPValue::LongString(given.into()))), given.parse().ok());
        let junk = [AMQPValue::LongLongInt(7), AMQPValue::LongString("00-1-2-3".into())];
        assert_eq!(junk.map(Some).map(with), [None; 2]);
        assert_eq!(with(None), None);
        assert_eq!(trace_of(&BasicProperties::default()), None);
    }
}
