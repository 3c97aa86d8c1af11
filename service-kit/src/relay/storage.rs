//! All SQL on the outbox.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{changes, outbox};

/// A change that RabbitMQ has not confirmed yet.
#[derive(Debug, Queryable)]
pub(super) struct Waiting {
    pub(super) seq: i64,
    pub(super) event_id: Uuid,
    pub(super) kind: String,
    pub(super) origin: String,
    pub(super) at: DateTime<Utc>,
    pub(super) body: String,
}

/// What waits in the outbox, oldest first.
pub(super) async fn waiting(
    session: &mut AsyncPgConnection,
    limit: i64,
) -> QueryResult<Vec<Waiting>> {
    outbox::table
        .inner_join(changes::table.on(changes::seq.eq(outbox::seq)))
        .order(outbox::seq)
        .limit(limit)
        .select((
            outbox::seq,
            changes::event_id,
            changes::kind,
            changes::origin,
            changes::at,
            changes::body,
        ))
        .load(session)
        .await
}

/// Deletes what was confirmed.
pub(super) async fn delete(session: &mut AsyncPgConnection, confirmed: &[i64]) -> QueryResult<()> {
    if confirmed.is_empty() {
        return Ok(());
    }
    let these = outbox::table.filter(outbox::seq.eq_any(confirmed));
    diesel::delete(these).execute(session).await?;
    Ok(())
}
