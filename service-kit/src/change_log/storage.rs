//! All SQL on the change log. The caller owns the transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error::SerializationError;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use shared_models::merge::Conflict;
use shared_models::unguarded::Guard;
use uuid::Uuid;

use super::Record;
use super::unguarded::publish_later;
use crate::database::Json;
use crate::database::schema::{changes, outbox};

/// Appends to the log and, for what the peer is to hear of, to the outbox.
const APPEND: &str = "
with appended as (
    insert into changes
        (event_id, order_id, kind, origin, version, at, body, private, conflicts, principal)
    select *, $10 from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
    returning seq, event_id
)
insert into outbox (seq)
select seq from appended where event_id = any ($11) order by seq";

/// Appends the records, in their order; `principal` is who had it done, where that is known.
pub async fn append(
    connection: &mut AsyncPgConnection,
    records: &[Record],
    principal: Option<&str>,
) -> QueryResult<()> {
    let to_publish = records.iter().filter(|record| record.publish);
    let to_publish = to_publish.map(|record| record.event.id).collect::<Vec<_>>();
    if Guard::Outbox.is_off() {
        insert(connection, records, principal, &[]).await?;
        return publish_later(connection, &to_publish).await;
    }
    insert(connection, records, principal, &to_publish).await
}

async fn insert(
    connection: &mut AsyncPgConnection,
    records: &[Record],
    principal: Option<&str>,
    to_publish: &[Uuid],
) -> QueryResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    let bodies = records.iter().map(|record| serde_json::to_string(&record.event));
    let bodies = bodies.collect::<Result<Vec<_>, _>>();
    diesel::sql_query(APPEND)
        .bind::<Array<SqlUuid>, _>(each(records, |record| record.event.id))
        .bind::<Array<SqlUuid>, _>(each(records, |record| record.event.order_id))
        .bind::<Array<Text>, _>(each(records, |record| record.event.kind.as_str()))
        .bind::<Array<Text>, _>(each(records, |record| record.event.origin.as_str()))
        .bind::<Array<BigInt>, _>(each(records, |record| record.event.version))
        .bind::<Array<Timestamptz>, _>(each(records, |record| record.event.at))
        .bind::<Array<Text>, _>(bodies.map_err(|error| SerializationError(error.into()))?)
        .bind::<Array<Nullable<Jsonb>>, _>(each(records, |record| record.private.clone().map(Json)))
        .bind::<Array<Nullable<Jsonb>>, _>(each(records, conflicts_of))
        .bind::<Nullable<Text>, _>(principal)
        .bind::<Array<SqlUuid>, _>(to_publish)
        .execute(connection)
        .await?;
    Ok(())
}

fn each<T>(records: &[Record], of: impl FnMut(&Record) -> T) -> Vec<T> {
    records.iter().map(of).collect()
}

fn conflicts_of(record: &Record) -> Option<Json<Vec<Conflict>>> {
    (!record.conflicts.is_empty()).then(|| Json(record.conflicts.clone()))
}

/// A line of an order's history.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct Entry {
    /// Its place in the log.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// The site at which it was decided.
    pub origin: String,
    /// The order's version after it.
    pub version: i64,
    /// When it was committed here.
    pub at: DateTime<Utc>,
    /// The event.
    pub body: String,
    /// What is private after the change, where it changed.
    pub private: Option<Json<Value>>,
    /// What was decided between two values.
    pub conflicts: Option<Json<Value>>,
    /// Who had it done here, where that is known.
    pub principal: Option<String>,
}

/// The history of an order after a place in the log, oldest first.
pub async fn entries_of(
    connection: &mut AsyncPgConnection,
    order_id: Uuid,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Entry>> {
    changes::table
        .filter(changes::order_id.eq(order_id).and(changes::seq.gt(after)))
        .order(changes::seq)
        .limit(limit)
        .select(Entry::as_select())
        .load(connection)
        .await
}

/// What waits to be published.
#[derive(Clone, Debug, Serialize)]
pub struct Backlog {
    /// How many changes.
    pub waiting: i64,
    /// When the one that waits longest was committed.
    pub oldest: Option<DateTime<Utc>>,
}

/// What waits to be published.
pub async fn backlog(connection: &mut AsyncPgConnection) -> QueryResult<Backlog> {
    let waiting = outbox::table.count().get_result(connection).await?;
    let oldest = outbox::table
        .inner_join(changes::table.on(changes::seq.eq(outbox::seq)))
        .order(outbox::seq)
        .select(changes::at)
        .first(connection)
        .await;
    Ok(Backlog { waiting, oldest: oldest.optional()? })
}
