//! Purging what was removed: the record, and the last change of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::changes;
use crate::resource::{Removals, Resource, Table};

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
    let removed = removed(connection, resource, before, limit).await?;
    if removed.is_empty() {
        return Ok(0);
    }
    let passed = changes::passed(connection, resource.name(), &removed).await?;
    delete(connection, resource, &passed).await?;
    changes::delete_passed(connection, resource.name(), &passed).await?;
    Ok(passed.len())
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

/// Returns the keys of up to `limit` records that were removed before a time, the oldest first, and locks
/// them. Records that others have locked are passed over.
pub async fn removed(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    before: DateTime<Utc>,
    limit: u16,
) -> QueryResult<Vec<String>> {
    let Some(Removals { which, at }) = resource.removals() else { return Ok(vec![]) };
    let Table { name, key, .. } = resource.table();
    let oldest = format!(
        "select {key}::text as key from {name} where {which} and {at} < $1
        order by {at} limit $2 for update skip locked"
    );
    let oldest = diesel::sql_query(oldest).bind::<Timestamptz, _>(before);
    let keys = oldest.bind::<BigInt, _>(i64::from(limit)).load::<Key>(connection).await?;
    Ok(keys.into_iter().map(|row| row.key).collect())
}

/// Deletes removed records, which are locked.
async fn delete(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
    keys: &[String],
) -> QueryResult<()> {
    let Some(Removals { which, .. }) = resource.removals() else { return Ok(()) };
    let Table { name, key, key_type } = resource.table();
    let delete = format!("delete from {name} where {which} and {key} = any ($1::{key_type}[])");
    diesel::sql_query(delete).bind::<Array<Text>, _>(keys).execute(connection).await.map(drop)
}
