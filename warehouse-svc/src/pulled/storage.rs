//! The SQL about what a pull may concern, read before it is locked.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn ids(rows: Vec<Id>) -> Vec<i64> {
    rows.into_iter().map(|row| row.id).collect()
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Waits for other pulls of the same source, until the end of the transaction. Two requests of one run may be
/// under way, and both may list the same sites.
pub(super) async fn take_turn(connection: &mut AsyncPgConnection, source: &str) -> QueryResult<()> {
    let lock = "select pg_advisory_xact_lock(hashtextextended('pulled from ' || $1, 0))";
    diesel::sql_query(lock).bind::<Text, _>(source).execute(connection).await.map(drop)
}

/// Returns the sites that a source lists for these operators. Nobody else adds any: callers only remove such
/// links, or make them their own.
pub(super) async fn listed_sites(
    connection: &mut AsyncPgConnection,
    source: &str,
    operators: &[i64],
) -> QueryResult<Vec<i64>> {
    let listed = "select distinct site as id from operator_sites
        where operator = any ($2) and active and source = $1";
    let listed = diesel::sql_query(listed).bind::<Text, _>(source);
    Ok(ids(listed.bind::<Array<BigInt>, _>(operators).load(connection).await?))
}

/// Returns those of the sites that a source lists for other operators than these.
pub(super) async fn listed_elsewhere(
    connection: &mut AsyncPgConnection,
    source: &str,
    sites: &[i64],
    operators: &[i64],
) -> QueryResult<Vec<i64>> {
    let listed = "select distinct site as id from operator_sites
        where site = any ($2) and active and source = $1
            and operator not in (select unnest($3))";
    let listed = diesel::sql_query(listed).bind::<Text, _>(source);
    let listed = listed.bind::<Array<BigInt>, _>(sites).bind::<Array<BigInt>, _>(operators);
    Ok(ids(listed.load(connection).await?))
}

/// Returns active sites of a source that it lists for no operator, up to so many.
pub(super) async fn unlisted_sites(
    connection: &mut AsyncPgConnection,
    source: &str,
    limit: usize,
) -> QueryResult<Vec<i64>> {
    let unlisted =
        "select id from sites where source = $1 and active and not deleted and not exists (
        select from operator_sites as link
        where link.site = sites.id and link.active and link.source = $1)
        order by id limit $2";
    let unlisted = diesel::sql_query(unlisted).bind::<Text, _>(source);
    Ok(ids(unlisted.bind::<BigInt, _>(rows(limit)).load(connection).await?))
}

/// Returns active operators of a source that are not among these, up to so many.
pub(super) async fn other_operators(
    connection: &mut AsyncPgConnection,
    source: &str,
    operators: &[i64],
    limit: usize,
) -> QueryResult<Vec<i64>> {
    let others = "select id from operators where source = $1 and active and not deleted
        and id not in (select unnest($2)) order by id limit $3";
    let others = diesel::sql_query(others).bind::<Text, _>(source);
    let others = others.bind::<Array<BigInt>, _>(operators).bind::<BigInt, _>(rows(limit));
    Ok(ids(others.load(connection).await?))
}
