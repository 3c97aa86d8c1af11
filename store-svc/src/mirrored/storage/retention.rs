//! Deleting removed posts and comments, once the remote has removed them, too.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared_models::mirror::Mirrored;

use super::names;

#[derive(QueryableByName)]
struct RemovedId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Returns the ids of records that were removed before a time, the oldest first, and locks them.
pub(crate) async fn removed(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    before: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    let sql = format!(
        "select id from {} where deleted and modified_at < $1 and changed_version <= sent_version
        order by modified_at limit $2 for update skip locked",
        names(kind).table
    );
    let oldest = diesel::sql_query(sql).bind::<Timestamptz, _>(before).bind::<BigInt, _>(limit);
    Ok(oldest.load::<RemovedId>(connection).await?.into_iter().map(|it| it.id).collect())
}

/// Deletes removed records that are locked.
pub(crate) async fn delete_removed(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    ids: &[i64],
) -> QueryResult<()> {
    let sql = format!("delete from {} where id = any ($1) and deleted", names(kind).table);
    diesel::sql_query(sql).bind::<Array<BigInt>, _>(ids).execute(connection).await.map(drop)
}
