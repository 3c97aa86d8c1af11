//! All SQL on links. Whoever writes one has locked its operator, and whoever creates one its site before that.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use program_kit::http::page::Position;

use super::links::{Link, Links};

diesel::table! {
    operator_sites (operator, site) {
        operator -> BigInt,
        site -> BigInt,
        active -> Bool,
        source -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

/// Returns the links of operators, by operator.
pub(crate) async fn links_of(
    connection: &mut AsyncPgConnection,
    operators: &[i64],
) -> QueryResult<BTreeMap<i64, Links>> {
    type Row = (i64, i64, bool, Option<String>);
    let these = operator_sites::table.filter(operator_sites::operator.eq_any(operators)).select((
        operator_sites::operator,
        operator_sites::site,
        operator_sites::active,
        operator_sites::source,
    ));
    let mut all = BTreeMap::<_, Links>::new();
    for (operator, site, active, source) in these.load::<Row>(connection).await? {
        all.entry(operator).or_default().insert(site, Link { active, source });
    }
    Ok(all)
}

/// Returns the link of an operator and a site.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    operator: i64,
    site: i64,
) -> QueryResult<Option<Link>> {
    let one = operator_sites::table.find((operator, site));
    let row = one.select((operator_sites::active, operator_sites::source)).get_result(connection);
    Ok(row.await.optional()?.map(|(active, source)| Link { active, source }))
}

/// Returns the number of links of an operator, up to a limit.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    operator: i64,
    limit: i64,
) -> QueryResult<usize> {
    let these = operator_sites::table.filter(operator_sites::operator.eq(operator));
    let sites = these.select(operator_sites::site).limit(limit).load::<i64>(connection).await?;
    Ok(sites.len())
}

/// Returns the operators that have a site.
pub(super) async fn operators_of(
    connection: &mut AsyncPgConnection,
    site: i64,
) -> QueryResult<Vec<i64>> {
    let these = operator_sites::table.filter(operator_sites::site.eq(site));
    these.select(operator_sites::operator).load(connection).await
}

/// The part of the links of an operator that a page has.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    pub(super) operator: i64,
    pub(super) active: Option<bool>,
    pub(super) after: Option<&'a Position<i64>>,
    pub(super) limit: i64,
}

/// Returns the sites on a page of an operator's links, newest link first.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    listing: Listing<'_>,
) -> QueryResult<Vec<(Position<i64>, Link)>> {
    type Row = (i64, bool, Option<String>, DateTime<Utc>);
    let Listing { operator, active, after, limit } = listing;
    let mut links = operator_sites::table
        .filter(operator_sites::operator.eq(operator))
        .order((operator_sites::created_at.desc(), operator_sites::site.desc()))
        .limit(limit)
        .select((
            operator_sites::site,
            operator_sites::active,
            operator_sites::source,
            operator_sites::created_at,
        ))
        .into_boxed();
    if let Some(active) = active {
        links = links.filter(operator_sites::active.eq(active));
    }
    if let Some(Position { at, id }) = after {
        let is_before = operator_sites::created_at.lt(at).or(operator_sites::site.lt(id));
        links = links.filter(operator_sites::created_at.le(at).and(is_before));
    }
    let rows = links.load::<Row>(connection).await?.into_iter();
    let linked = |(id, active, source, at)| (Position { at, id }, Link { active, source });
    Ok(rows.map(linked).collect())
}

/// Makes links, or overwrites those that are there: one for each operator and site.
const PUT: &str = "
insert into operator_sites (operator, site, active, source, created_at)
select operator, site, active, source, $5
from unnest($1, $2, $3, $4) as new (operator, site, active, source)
order by operator, site
on conflict (operator, site) do update set active = excluded.active, source = excluded.source";

/// Makes links, or overwrites those that are there. Their operators and sites are locked.
pub(crate) async fn put(
    connection: &mut AsyncPgConnection,
    links: &[(i64, i64, Link)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if links.is_empty() {
        return Ok(());
    }
    let operators = links.iter().map(|(operator, ..)| *operator).collect::<Vec<_>>();
    let sites = links.iter().map(|(_, site, _)| *site).collect::<Vec<_>>();
    let active = links.iter().map(|(.., link)| link.active).collect::<Vec<_>>();
    let sources = links.iter().map(|(.., link)| link.source.as_deref()).collect::<Vec<_>>();
    let put = diesel::sql_query(PUT)
        .bind::<Array<BigInt>, _>(operators)
        .bind::<Array<BigInt>, _>(sites)
        .bind::<Array<Bool>, _>(active)
        .bind::<Array<Nullable<Text>>, _>(sources)
        .bind::<diesel::sql_types::Timestamptz, _>(now);
    put.execute(connection).await.map(drop)
}

/// Removes a link; returns whether there was one.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    operator: i64,
    site: i64,
) -> QueryResult<bool> {
    let one = operator_sites::table.find((operator, site));
    Ok(diesel::delete(one).execute(connection).await? > 0)
}

/// Removes the links of an operator.
pub(super) async fn remove_of_operator(
    connection: &mut AsyncPgConnection,
    operator: i64,
) -> QueryResult<()> {
    let these = operator_sites::table.filter(operator_sites::operator.eq(operator));
    diesel::delete(these).execute(connection).await.map(drop)
}

/// Removes the links of a site; returns the operators that had it.
pub(super) async fn remove_of_site(
    connection: &mut AsyncPgConnection,
    site: i64,
) -> QueryResult<Vec<i64>> {
    let these = operator_sites::table.filter(operator_sites::site.eq(site));
    diesel::delete(these).returning(operator_sites::operator).get_results(connection).await
}
