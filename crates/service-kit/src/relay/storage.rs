//! All SQL for the outbox.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::outbox;

/// A change that RabbitMQ has not confirmed yet.
#[derive(Debug, Queryable)]
pub(super) struct Waiting {
    pub(super) seq: i64,
    pub(super) event_id: Uuid,
    pub(super) resource: String,
    pub(super) kind: String,
    pub(super) origin: String,
    pub(super) at: DateTime<Utc>,
    pub(super) body: String,
}

/// The query for changes in the outbox from a sequence number on that are not in flight, oldest
/// first; nothing while the side is paused.
#[derive(Debug, QueryId)]
pub(super) struct Look {
    pub(super) from: i64,
    /// The most changes to look at, including those in flight.
    pub(super) limit: i64,
    pub(super) under_way: Vec<i64>,
}

impl Look {
    pub(super) async fn read(self, session: &mut AsyncPgConnection) -> QueryResult<Vec<Waiting>> {
        self.load(session).await
    }
}

impl QueryFragment<Pg> for Look {
    /// Filters before it reads, so that no in-flight change is read. Each change is looked up
    /// separately (`lateral`, `limit`): with a join PostgreSQL may scan the whole log, which it
    /// does if it analyzed the outbox while that was long.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("with waiting as materialized (select seq from outbox where seq >= ");
        out.push_bind_param::<BigInt, _>(&self.from)?;
        out.push_sql(" and not exists (select from pause) order by seq limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql("), next as materialized (select seq from waiting where seq not in (");
        out.push_sql("select unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.under_way)?;
        out.push_sql("))) select change.* from next cross join lateral (");
        out.push_sql("select seq, event_id, resource, kind, origin, at, body from changes");
        out.push_sql(" where changes.seq = next.seq limit 1) as change order by seq");
        Ok(())
    }
}

impl Query for Look {
    type SqlType = (BigInt, SqlUuid, Text, Text, Text, Timestamptz, Text);
}

/// Deletes confirmed changes.
pub(super) async fn delete(session: &mut AsyncPgConnection, confirmed: &[i64]) -> QueryResult<()> {
    if confirmed.is_empty() {
        return Ok(());
    }
    let these = outbox::table.filter(outbox::seq.eq_any(confirmed));
    diesel::delete(these).execute(session).await?;
    Ok(())
}
