//! All SQL on the change log. The caller owns the transaction.

use std::collections::HashSet;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::statement::push_append_in_bulk;
use super::unguarded::publish_unguarded;
use super::{Columns, Count, Many, One, Record, push_append};
use crate::database::Json;
use crate::database::schema::changes;

/// Appends records that change no order, in the given sequence.
pub async fn append(connection: &mut AsyncPgConnection, records: &[Record]) -> QueryResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(records.iter())?;
    match records {
        [_] => Append::<One>::of(columns).execute(connection).await?,
        _ => Append::<Many>::of(columns).execute(connection).await?,
    };
    publish_unguarded(connection, records.iter()).await
}

/// Appends records of an offer of many orders, in the given sequence. They are marked, so that
/// comparing passes over them (docs/decisions/0022).
pub async fn append_in_bulk(
    connection: &mut AsyncPgConnection,
    records: &[Record],
) -> QueryResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    AppendInBulk(Columns::of(records.iter())?).execute(connection).await?;
    publish_unguarded(connection, records.iter()).await
}

struct AppendInBulk<'a>(Columns<'a>);

impl QueryId for AppendInBulk<'_> {
    type QueryId = AppendInBulk<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for AppendInBulk<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.push_new::<Many>(&mut out, "", |_| Ok(()))?;
        push_append_in_bulk::<Many>(&mut out);
        out.push_sql(" select 1");
        Ok(())
    }
}

struct Append<'a, C>(Columns<'a>, PhantomData<C>);

impl<'a, C> Append<'a, C> {
    const fn of(columns: Columns<'a>) -> Self {
        Self(columns, PhantomData)
    }
}

impl<C: Count> QueryId for Append<'_, C> {
    type QueryId = Append<'static, C>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: Count> QueryFragment<Pg> for Append<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self(records, _) = self;
        records.push_new::<C>(&mut out, "", |_| Ok(()))?;
        push_append::<C>(&mut out, "null", None);
        out.push_sql(" select 1");
        Ok(())
    }
}

/// Returns those of the events that the log holds as changes of these orders.
pub async fn recorded(
    connection: &mut AsyncPgConnection,
    orders: &[Uuid],
    events: &[Uuid],
) -> QueryResult<HashSet<Uuid>> {
    // Filtered by order, which is indexed.
    let of_these = changes::order_id.eq_any(orders).and(changes::event_id.eq_any(events));
    let found = changes::table.filter(of_these).select(changes::event_id);
    Ok(found.load(connection).await?.into_iter().collect())
}

/// An entry of an order's history.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct Entry {
    /// The sequence number in the log.
    pub seq: i64,
    /// The kind of change.
    pub kind: String,
    /// The site that made the change.
    pub origin: String,
    /// The order's version after the change.
    pub version: i64,
    /// The time of the change at this site.
    pub at: DateTime<Utc>,
    /// The event.
    pub body: String,
    /// The private part after the change, if it changed.
    pub private: Option<Json<Value>>,
    /// The conflicts that were resolved.
    pub conflicts: Option<Json<Value>>,
    /// The principal that requested the change here, if known.
    pub principal: Option<String>,
}

/// Returns an order's history after a sequence number, oldest first.
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
