//! Purging what was removed: the record, and the last change of it.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use super::changes;
use crate::resource::Resource;

/// Purges up to `limit` records of a resource that were removed before a time, with the change that
/// says so; returns their number. A removal waits until its change was passed by trimming: a reader
/// whose cursor is before it is then told to begin again, and does not miss it. The caller owns the
/// transaction.
pub async fn purge(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    before: DateTime<Utc>,
    limit: u16,
) -> QueryResult<usize> {
    let oldest = changes::oldest(connection).await?;
    let before = oldest.map_or(before, |oldest| oldest.min(before));
    let removed = resource.removed(connection, before, i64::from(limit)).await?;
    if removed.is_empty() {
        return Ok(0);
    }
    let passed = changes::passed(connection, resource.name(), &removed).await?;
    resource.delete_removed(connection, &passed).await?;
    changes::delete_passed(connection, resource.name(), &passed).await?;
    Ok(passed.len())
}
