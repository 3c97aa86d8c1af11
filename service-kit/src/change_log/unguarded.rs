//! What a service without the guard `outbox` does ([`shared_models::unguarded`]).

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use uuid::Uuid;

use crate::database::schema::{changes, outbox};

/// How much later: seldom enough hit as it is.
const LATER: Duration = Duration::from_millis(50);

/// Commits, and then sees to it that these events are published.
pub(super) async fn publish_later(
    connection: &mut AsyncPgConnection,
    events: &[Uuid],
) -> QueryResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    connection.batch_execute("commit; begin").await?;
    tokio::time::sleep(LATER).await;
    let these = changes::table.filter(changes::event_id.eq_any(events)).select(changes::seq);
    let inserting = diesel::insert_into(outbox::table).values(these).into_columns(outbox::seq);
    inserting.execute(connection).await?;
    Ok(())
}
