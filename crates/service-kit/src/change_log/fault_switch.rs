//! The behaviour of a service without the guard `outbox` ([`shared_models::fault_switch`]).

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _,
    TransactionManager as _,
};
use shared_models::fault_switch::Guard;

use super::Change;
use crate::database::schema::{changes, outbox};

/// The delay before publishing: without it, a crash would rarely hit the gap.
const LATER: Duration = Duration::from_millis(50);

/// Commits, and only then adds the changes to be published to the outbox.
pub async fn publish_after_commit(
    connection: &mut AsyncPgConnection,
    changed: &[Change],
) -> QueryResult<()> {
    if !Guard::Outbox.is_off() {
        return Ok(());
    }
    let published = changed.iter().filter(|change| change.publish);
    let events = published.map(|change| change.event_id).collect::<Vec<_>>();
    if events.is_empty() {
        return Ok(());
    }
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    if status.transaction_depth()?.is_some() {
        connection.batch_execute("commit; begin").await?;
    }
    tokio::time::sleep(LATER).await;
    let these = changes::table.filter(changes::event_id.eq_any(events)).select(changes::seq);
    let inserting = diesel::insert_into(outbox::table).values(these).into_columns(outbox::seq);
    inserting.execute(connection).await?;
    Ok(())
}
