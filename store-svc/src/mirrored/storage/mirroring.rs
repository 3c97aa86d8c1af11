//! What the mirror asks of many records at once, without their contents.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared_models::mirror::Mirrored;
use uuid::Uuid;

use super::super::record::NO_POST_YET;
use super::names;

/// A record and its id at the remote.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(crate) struct RemoteName {
    /// The id here.
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    /// The id there, if it has one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) remote_id: Option<i64>,
    /// Whether it is removed here.
    #[diesel(sql_type = Bool)]
    pub(crate) deleted: bool,
}

/// Returns the posts with these ids at the remote, and keeps them from being removed.
pub(crate) async fn posts_with_remote_ids(
    connection: &mut AsyncPgConnection,
    remote_ids: &[i64],
) -> QueryResult<Vec<RemoteName>> {
    let sql =
        "select id, remote_id, deleted from posts where remote_id = any ($1) order by id for share";
    diesel::sql_query(sql).bind::<Array<BigInt>, _>(remote_ids).load(connection).await
}

/// Returns the posts with these ids.
pub(crate) async fn posts_of_comments(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> QueryResult<Vec<RemoteName>> {
    let sql = "select id, remote_id, deleted from posts where id = any ($1)";
    diesel::sql_query(sql).bind::<Array<BigInt>, _>(ids).load(connection).await
}

/// Returns the records with these ids at the remote.
pub(crate) async fn records_with_remote_ids(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    remote_ids: &[i64],
) -> QueryResult<Vec<RemoteName>> {
    let table = names(kind).table;
    let sql = format!("select id, remote_id, deleted from {table} where remote_id = any ($1)");
    diesel::sql_query(sql).bind::<Array<BigInt>, _>(remote_ids).load(connection).await
}

/// Returns the records that exist, and have sent contents of these digests with an outcome that is not known.
pub(crate) async fn live_attempts(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    digests: &[String],
) -> QueryResult<HashMap<String, Vec<i64>>> {
    #[derive(QueryableByName)]
    struct Attempt {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        sending_digest: String,
    }
    let mut by_digest = HashMap::<_, Vec<_>>::new();
    if digests.is_empty() {
        return Ok(by_digest);
    }
    let sql = format!(
        "select id, sending_digest from {}
        where attempt is not null and sending_digest = any ($1) and not deleted",
        names(kind).table
    );
    let found = diesel::sql_query(sql).bind::<Array<Text>, _>(digests);
    for Attempt { id, sending_digest } in found.load::<Attempt>(connection).await? {
        by_digest.entry(sending_digest).or_default().push(id);
    }
    Ok(by_digest)
}

/// Returns the records that a load has seen at the remote, by their ids there. Of those that are removed here it is to
/// be known, too, when they are gone there: their ids may be given again.
pub(crate) async fn listed(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<RemoteName>> {
    let sql = format!(
        "select id, remote_id, deleted from {}
        where remote_id > $1 and listed order by remote_id limit $2",
        names(kind).table
    );
    let query = diesel::sql_query(sql).bind::<BigInt, _>(after).bind::<BigInt, _>(limit);
    query.load(connection).await
}

/// A record at which the mirror has to look.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(crate) struct Due {
    /// The id here.
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    /// The version of its newest change here.
    #[diesel(sql_type = BigInt, column_name = changed_version)]
    pub(crate) version: i64,
    /// The create of unknown outcome, if there is one.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(crate) attempt: Option<Uuid>,
    /// The number of failures since the last success.
    #[diesel(sql_type = Integer)]
    pub(crate) failures: i32,
}

/// Returns the records at which the mirror has to look, or some of them, as the partial indexes say it: those that are due,
/// and those with a change that waits and was not refused. The feed may not show such a change yet, as long
/// as another transaction of the cluster runs.
pub(crate) async fn due(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    only: Option<&'static str>,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Due>> {
    let sql = format!(
        "select id, changed_version, attempt, failures from {}
        where (due or (changed_version > sent_version and changed_version > refused_version))
            and case $3
                when 'removed' then deleted and attempt is null
                when 'changed' then not deleted and remote_id is not null
                when 'new' then case when deleted then attempt is not null else remote_id is null end
                else true end
            and id > $1 order by id limit $2",
        names(kind).table
    );
    let query = diesel::sql_query(sql).bind::<BigInt, _>(after).bind::<BigInt, _>(limit);
    query.bind::<Nullable<Text>, _>(only).load(connection).await
}

/// Locks the comments of posts, in the order of their ids.
pub(crate) async fn lock_comments(
    connection: &mut AsyncPgConnection,
    posts: &[i64],
) -> QueryResult<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let sql =
        "select id from comments where post_id = any ($1) and not deleted order by id for update";
    let locking = diesel::sql_query(sql).bind::<Array<BigInt>, _>(posts);
    locking.execute(connection).await.map(drop)
}

/// Marks the comments of posts as changed that are at the remote: their posts are created anew there, and they are to
/// follow them.
pub(crate) async fn set_comments_afloat(
    connection: &mut AsyncPgConnection,
    posts: &[i64],
) -> QueryResult<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let sql = "with afloat as (
            select id from comments where post_id = any ($1) and not deleted and remote_id is not null
            order by id for update)
        update comments set changed_version = greatest(changed_version, 1), sent_version = 0, due = true
        where id = any (array(select id from afloat))";
    let marking = diesel::sql_query(sql).bind::<Array<BigInt>, _>(posts);
    marking.execute(connection).await.map(drop)
}

/// Marks those comments of posts as due that waited for their post to be at the remote.
pub(crate) async fn wake_comments(
    connection: &mut AsyncPgConnection,
    posts: &[i64],
) -> QueryResult<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let sql = "with waiting as (
            select id from comments
            where post_id = any ($1) and not deleted and (not due or failure = $2)
                and changed_version > sent_version and changed_version > refused_version
            order by id for update)
        update comments set due = true, failure = nullif(failure, $2)
        where id = any (array(select id from waiting))";
    let waking = diesel::sql_query(sql).bind::<Array<BigInt>, _>(posts);
    waking.bind::<Text, _>(NO_POST_YET).execute(connection).await.map(drop)
}
