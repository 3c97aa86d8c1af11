//! What Lockstep writes, taken from what it has just written, so that it can be written many times
//! at once without it.

use std::ops::RangeInclusive;

use anyhow::Result;
use serde_json::json;
use service_kit::access::Role;
use shared_models::site::Site;
use tokio_postgres::Row;

use super::{Database, World, checks, sites};
use crate::bench::orders::order;

/// The order that the others are made from.
const NUMBER: u64 = 1;

const LAST: &str = "
select orders.id::text, event_id::text, delivery::text, progress::text, orders.private::text,
    orders.version, kind, origin, body, changes.private::text, principal
from orders join changes on order_id = orders.id order by seq desc limit 1";

/// What stands in the databases of one order that was placed at the store and then picked.
#[derive(Clone, Debug)]
pub struct Template {
    /// At the store, when it was placed.
    pub placed: Written,
    /// At the warehouse, when it had arrived there.
    pub arrived: Written,
    /// At the warehouse, when it was being picked.
    pub picked: Written,
}

/// An order, and the last change of it, as they stand in a database.
#[derive(Clone, Debug)]
pub struct Written {
    order_id: String,
    event_id: String,
    pub(in crate::bench) delivery: String,
    progress: String,
    private: String,
    version: i64,
    kind: String,
    origin: String,
    body: String,
    private_change: Option<String>,
    principal: Option<String>,
}

impl Template {
    /// Has Lockstep write one order; afterwards nothing is left of it.
    pub(super) async fn take(world: &mut World) -> Result<Self> {
        world.clear().await?;
        world.go_round().await?;
        sites::place(&world.store, order(NUMBER)).await?;
        checks::arrived(world, 1, 1).await?;
        let placed = Written::last(&world.databases.store).await?;
        let arrived = Written::last(&world.databases.warehouse).await?;
        let path = format!("/v1/orders/{}", placed.order_id);
        let picking = json!({"status": "picking"});
        sites::patch(&world.warehouse, Role::Write, &path, &picking).await?;
        world.recorded(Site::Store, 2).await?;
        world.agree(1).await?;
        let picked = Written::last(&world.databases.warehouse).await?;
        world.clear().await?;
        Ok(Self { placed, arrived, picked })
    }
}

impl Written {
    async fn last(database: &Database) -> Result<Self> {
        Self::of(&database.row(LAST).await?)
    }

    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            order_id: row.try_get(0)?,
            event_id: row.try_get(1)?,
            delivery: row.try_get(2)?,
            progress: row.try_get(3)?,
            private: row.try_get(4)?,
            version: row.try_get(5)?,
            kind: row.try_get(6)?,
            origin: row.try_get(7)?,
            body: row.try_get(8)?,
            private_change: row.try_get(9)?,
            principal: row.try_get(10)?,
        })
    }

    /// A statement that writes the order under these numbers.
    #[must_use]
    pub(super) fn orders(&self, numbers: &Numbers) -> String {
        let Self { delivery, progress, private, version, .. } = self;
        let [delivery, progress, private] = [delivery, progress, private].map(|text| literal(text));
        let (made, delivery) = (made("order", numbers), numbered(&delivery));
        format!(
            "{made} insert into orders
                (id, delivery, progress, private, version, created_at, updated_at)
            select id, ({delivery})::jsonb, {progress}::jsonb, {private}::jsonb, {version}, at, at
            from made order by n"
        )
    }

    /// A statement that gives this progress to all orders that are there.
    #[must_use]
    pub(super) fn progress(&self) -> String {
        let (progress, version) = (literal(&self.progress), self.version);
        format!(
            "update orders set progress = {progress}::jsonb, version = {version}, updated_at = now()"
        )
    }

    /// A statement that records the change for the orders with these numbers, and puts it in the
    /// outbox where it is to be told.
    #[must_use]
    pub(super) fn changes(&self, numbers: &Numbers, waiting: Waiting) -> String {
        let Self { kind, origin, version, .. } = self;
        let [event, order] = [&self.event_id, &self.order_id].map(|text| literal(text));
        let body = numbered(&literal(&self.body));
        let [private, principal] = [&self.private_change, &self.principal]
            .map(|value| value.as_ref().map_or_else(|| "null".to_owned(), |value| literal(value)));
        let to_tell = match waiting {
            Waiting::ToBeTold => "true",
            Waiting::Known => "false",
        };
        // Who was told of a change knows it by the id that it has where it was decided.
        let made = made(kind, numbers);
        format!(
            "{made}, recorded as (
                insert into changes (event_id, order_id, kind, origin, version, at, body,
                    private, conflicts, principal)
                select event_id, id, '{kind}', '{origin}', {version}, at,
                    replace(replace({body}, {event}, event_id::text), {order}, id::text),
                    {private}::jsonb, null, {principal}
                from made order by n
                returning seq
            )
            insert into outbox (seq) select seq from recorded where {to_tell} order by seq"
        )
    }
}

/// Numbers of orders.
pub type Numbers = RangeInclusive<u64>;

/// Whether the peer is yet to be told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// It waits in the outbox.
    ToBeTold,
    /// It is known there.
    Known,
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

/// The id, in SQL, of the order with a number.
#[must_use]
pub fn id_of(number: &str) -> String {
    uuid("order", number)
}

/// The beginning of 2026, in ms since 1970.
const BASE: i64 = 1_767_225_600_000;

/// A text that holds the comment of the order that is the template, with another number.
fn numbered(text: &str) -> String {
    format!("replace({text}, '\"order {NUMBER}\"', '\"order ' || n || '\"')")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
