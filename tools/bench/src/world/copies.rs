//! Statements that write an order many times over, each time under another number. Pure.

use std::ops::RangeInclusive;

use super::template::{Column, NUMBER, Written};

/// Numbers of orders.
pub type Numbers = RangeInclusive<u64>;

/// The state of a change: whether the peer is yet to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The change waits in the outbox.
    ToBeTold,
    /// The change is known there.
    Known,
}

/// The beginning of 2026, in ms since 1970.
const BASE: i64 = 1_767_225_600_000;

impl Written {
    /// A statement that writes the order under these numbers.
    pub(super) fn orders(&self, numbers: &Numbers) -> String {
        let (made, names) = (made("order", numbers), names(&self.order));
        let values = self.values(&self.order);
        format!("{made} insert into orders ({names}) select {values} from made order by n")
    }

    /// A statement that makes all orders that are there what this one is, but for what each of them
    /// has of its own.
    pub(super) fn everywhere(&self) -> String {
        let own = ["id", "delivery", "created_at", "updated_at"];
        let others = self.order.iter().filter(|column| !own.contains(&&*column.name));
        let set = others.map(|column| format!("{} = {}", column.name, self.value_of(column)));
        format!("update orders set updated_at = now(), {}", set.collect::<Vec<_>>().join(", "))
    }

    /// A statement that records the change for the orders with these numbers, and puts it in the
    /// outbox where it is to be told.
    pub(super) fn changes(&self, numbers: &Numbers, waiting: Waiting) -> String {
        // Who was told of a change knows it by the id that it has where it was decided.
        let (made, names) = (made(self.value("kind"), numbers), names(&self.change));
        let values = self.values(&self.change);
        let to_tell = match waiting {
            Waiting::ToBeTold => "true",
            Waiting::Known => "false",
        };
        format!(
            "{made}, recorded as (
                insert into changes ({names}) select {values} from made order by n returning seq
            )
            insert into outbox (seq) select seq from recorded where {to_tell} order by seq"
        )
    }

    fn values(&self, columns: &[Column]) -> String {
        columns.iter().map(|column| self.value_of(column)).collect::<Vec<_>>().join(", ")
    }

    /// The value of a column for the number `n`.
    fn value_of(&self, Column { name, kind, value }: &Column) -> String {
        match (name.as_str(), value) {
            ("id", _) => "id".to_owned(),
            ("key", _) => "id::text".to_owned(),
            ("event_id", _) => "event_id".to_owned(),
            ("at" | "created_at" | "updated_at", _) => "at".to_owned(),
            (_, None) => format!("null::{kind}"),
            (_, Some(value)) => format!("({})::{kind}", self.renumbered(value)),
        }
    }

    /// A text, with the ids and the comment of the order with the number `n`.
    fn renumbered(&self, text: &str) -> String {
        let own = [
            (self.value("event_id").to_owned(), "event_id::text"),
            (self.value("key").to_owned(), "id::text"),
            (comment(), NUMBERED),
        ];
        let own = own.iter().filter(|(value, _)| text.contains(value));
        own.fold(literal(text), |sql, (value, by)| {
            format!("replace({sql}, {}, {by})", literal(value))
        })
    }
}

/// The comment of the order that is the template, as it stands in a document,
#[must_use]
pub fn comment() -> String {
    format!("\"order {NUMBER}\"")
}

/// and that with the number `n`, in SQL.
pub const NUMBERED: &str = "'\"order ' || n || '\"'";

/// The names of columns, as a statement lists them.
#[must_use]
pub fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The id, in SQL, of the order with a number.
#[must_use]
pub fn id_of(number: &str) -> String {
    uuid("order", number)
}

/// Ids and times for the numbers, the same in each database.
fn made(kind: &str, numbers: &Numbers) -> String {
    let (id, event_id, at) = (uuid("order", "n"), uuid(kind, "n"), at("n"));
    let (first, last) = (numbers.start(), numbers.end());
    format!(
        "with made as (
            select n, {id} as id, {event_id} as event_id, to_timestamp({at} / 1000.0) as at
            from generate_series({first}::bigint, {last}::bigint) as n
        )"
    )
}

/// The id, in SQL, of what has a number. As in a UUID v7 the time comes first, so that what is
/// placed later comes after it.
fn uuid(of: &str, number: &str) -> String {
    let at = at(number);
    format!(
        "encode(substr(int8send({at}), 3)
            || substr(decode(md5('{of} ' || {number}), 'hex'), 7), 'hex')::uuid"
    )
}

/// When that was, in ms since 1970: some orders a millisecond.
fn at(number: &str) -> String {
    format!("({BASE} + {number} / 8)")
}

/// A text as SQL has it.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
