//! The SQL that lists records. Every query has a limit.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use program_kit::http::page::Position;

use super::kind::Kind;
use super::pages::{Filters, Listed};
use super::record::Record;
use super::storage::{Row, RowTypes, push_columns, record};

/// The most records that are read for one page.
const MAX_SCANNED: i64 = 5_000;

/// Returns the page after a position, newest first.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    filters: &Filters,
    after: Option<&Position<i64>>,
    limit: i64,
) -> QueryResult<Listed<Record>> {
    let candidates = Candidates { kind, filters, after };
    if filters.are_covered_by_index() {
        let items = candidates.matching(None, limit, connection).await?;
        return Ok(Listed { items, scanned_to: None });
    }
    // Both statements use one snapshot, so that no record is listed twice or skipped.
    let mut transaction = connection.build_transaction().repeatable_read().read_only();
    let reading = transaction.run(async |connection: &mut AsyncPgConnection| {
        let items = candidates.matching(Some(MAX_SCANNED), limit, connection).await?;
        let is_full = i64::try_from(items.len()).is_ok_and(|count| count >= limit);
        let last = match is_full {
            true => None,
            false => LastOf(candidates)
                .get_result::<(DateTime<Utc>, i64)>(connection)
                .await
                .optional()?,
        };
        let scanned_to = last.map(|(at, id)| Position { at, id });
        Ok::<_, diesel::result::Error>(Listed { items, scanned_to })
    });
    reading.await
}

const NEWEST_FIRST: &str = " order by created_at desc, id desc limit ";

/// The records that an index finds, after a position.
#[derive(Clone, Copy)]
struct Candidates<'a> {
    kind: &'static Kind,
    filters: &'a Filters,
    after: Option<&'a Position<i64>>,
}

impl<'a> Candidates<'a> {
    async fn matching(
        self,
        bound: Option<i64>,
        limit: i64,
        connection: &mut AsyncPgConnection,
    ) -> QueryResult<Vec<Record>> {
        let rows = Matching { candidates: self, bound, limit }.load::<Row>(connection).await?;
        Ok(rows.into_iter().map(|row| record(self.kind, row)).collect())
    }

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>
    where
        'a: 'b,
    {
        for part in [" from ", self.kind.table, " where not deleted"] {
            out.push_sql(part);
        }
        if let Some((name, text)) = self.filters.indexed() {
            for part in [" and ", name, " = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, str>(text)?;
        }
        if let Some(Position { at, id }) = self.after {
            out.push_sql(" and (created_at, id) < (");
            out.push_bind_param::<Timestamptz, _>(at)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(")");
        }
        out.push_sql(NEWEST_FIRST);
        Ok(())
    }
}

/// The query for the first matching records, among at most `bound` candidates.
struct Matching<'a> {
    candidates: Candidates<'a>,
    bound: Option<i64>,
    limit: i64,
}

impl QueryFragment<Pg> for Matching<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Candidates { kind, filters, .. } = self.candidates;
        out.push_sql("select ");
        push_columns(&mut out, kind);
        let Some(bound) = &self.bound else {
            self.candidates.push(&mut out)?;
            return out.push_bind_param::<BigInt, _>(&self.limit);
        };
        out.push_sql(" from (select *");
        self.candidates.push(&mut out)?;
        out.push_bind_param::<BigInt, _>(bound)?;
        out.push_sql(") as candidates where true");
        for (name, text) in &filters.texts {
            for part in [" and ", name, " = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, str>(text)?;
        }
        if let Some(active) = &filters.active {
            out.push_sql(" and active = ");
            out.push_bind_param::<Bool, _>(active)?;
        }
        out.push_sql(NEWEST_FIRST);
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl QueryId for Matching<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Matching<'_> {
    type SqlType = RowTypes;
}

/// The query for the last of the candidates within the limit; no row if there are fewer.
struct LastOf<'a>(Candidates<'a>);

impl QueryFragment<Pg> for LastOf<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("select created_at, id");
        self.0.push(&mut out)?;
        out.push_sql("1 offset ");
        out.push_bind_param::<BigInt, _>(&(MAX_SCANNED - 1))
    }
}

impl QueryId for LastOf<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for LastOf<'_> {
    type SqlType = (Timestamptz, BigInt);
}

/// The query for the records after an id, in the order of their ids.
struct After {
    kind: &'static Kind,
    after: Option<i64>,
    limit: i64,
}

impl QueryFragment<Pg> for After {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("select ");
        push_columns(&mut out, self.kind);
        for part in [" from ", self.kind.table, " where id > coalesce("] {
            out.push_sql(part);
        }
        out.push_bind_param::<Nullable<BigInt>, _>(&self.after)?;
        out.push_sql(", 0) order by id limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl QueryId for After {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for After {
    type SqlType = RowTypes;
}

/// Returns the records after an id, removed ones too, in the order of their ids.
pub(super) async fn after_id(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    after: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<Record>> {
    let rows = After { kind, after, limit }.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| record(kind, row)).collect())
}
