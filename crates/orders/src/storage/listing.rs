//! Pages of orders, newest first. A filter without an index is applied to a limited number of
//! orders per request; the list then reports how far it has scanned.

use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use program_kit::http::page::Position;
use uuid::Uuid;

use super::{OrderColumns, Row, SELECT, order};
use crate::order::{Order, Private};
use crate::page::{Filters, Index};

/// The most orders that are read for one page.
const MAX_SCANNED: i64 = 5_000;

/// A page, or the part of it that was found within the limit.
#[derive(Debug)]
pub struct Listed<P> {
    /// The orders.
    pub orders: Vec<Order<P>>,
    /// The last order that was read, if there may be more after it.
    pub scanned_to: Option<Position>,
}

/// Returns the page after a position, newest first.
pub async fn page<P: Private>(
    connection: &mut AsyncPgConnection,
    filters: &Filters,
    after: Option<Position>,
    limit: i64,
) -> QueryResult<Listed<P>> {
    let candidates = Candidates { filters, after };
    if filters.are_covered_by_index() {
        let orders = Find { candidates, limit, bound: None }.orders(connection).await?;
        return Ok(Listed { orders, scanned_to: None });
    }
    // Both statements use one snapshot, so that no order is listed twice or skipped.
    let mut transaction = connection.build_transaction().repeatable_read().read_only();
    let reading = transaction.run(async |connection: &mut AsyncPgConnection| {
        let find = Find { candidates, limit, bound: Some(MAX_SCANNED) };
        let orders = find.orders(connection).await?;
        let is_full = i64::try_from(orders.len()).is_ok_and(|count| count >= limit);
        let last = match is_full {
            true => None,
            false => LastOf(candidates).get_result(connection).await.optional()?,
        };
        let scanned_to = last.map(|(at, id)| Position { at, id });
        Ok::<_, diesel::result::Error>(Listed { orders, scanned_to })
    });
    reading.await
}

/// The orders that an index finds, after a position.
#[derive(Clone, Copy)]
struct Candidates<'a> {
    filters: &'a Filters,
    after: Option<Position>,
}

impl Candidates<'_> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" from orders where ");
        match self.filters.index() {
            Index::Newest => out.push_sql("true"),
            Index::Company(company) => {
                out.push_sql("company = ");
                out.push_bind_param::<Text, str>(company)?;
            }
            // As a literal: the index is partial, and PostgreSQL has to see that it holds this
            // status.
            Index::Rare(status) => {
                out.push_sql("status in ('picking', 'packed', 'voided') and status = '");
                out.push_sql(status.as_str());
                out.push_sql("'");
            }
        }
        if let Some(Position { at, id }) = &self.after {
            out.push_sql(" and created_at <= ");
            out.push_bind_param::<Timestamptz, _>(at)?;
            out.push_sql(" and (created_at < ");
            out.push_bind_param::<Timestamptz, _>(at)?;
            out.push_sql(" or id < ");
            out.push_bind_param::<SqlUuid, _>(id)?;
            out.push_sql(")");
        }
        out.push_sql(NEWEST_FIRST);
        Ok(())
    }
}

const NEWEST_FIRST: &str = " order by created_at desc, id desc limit ";

/// The query for the first matching orders, among at most `bound` candidates.
struct Find<'a> {
    candidates: Candidates<'a>,
    limit: i64,
    bound: Option<i64>,
}

impl Find<'_> {
    async fn orders<P: Private>(
        self,
        connection: &mut AsyncPgConnection,
    ) -> QueryResult<Vec<Order<P>>> {
        let rows = RunQueryDsl::load::<Row<P>>(self, connection).await?;
        Ok(rows.into_iter().map(order).collect())
    }
}

impl QueryFragment<Pg> for Find<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(SELECT);
        let Some(bound) = &self.bound else {
            self.candidates.push(&mut out)?;
            return out.push_bind_param::<BigInt, _>(&self.limit);
        };
        out.push_sql(" from (");
        out.push_sql(SELECT);
        out.push_sql(", status, company");
        self.candidates.push(&mut out)?;
        out.push_bind_param::<BigInt, _>(bound)?;
        out.push_sql(") as candidates where true");
        let Filters { status, company, updated_since } = self.candidates.filters;
        if let Some(status) = status {
            out.push_sql(" and status = '");
            out.push_sql(status.as_str());
            out.push_sql("'");
        }
        if let Some(company) = company {
            out.push_sql(" and company = ");
            out.push_bind_param::<Text, _>(company)?;
        }
        if let Some(since) = updated_since {
            out.push_sql(" and updated_at >= ");
            out.push_bind_param::<Timestamptz, _>(since)?;
        }
        out.push_sql(NEWEST_FIRST);
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl QueryId for Find<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Find<'_> {
    type SqlType = SqlTypeOf<OrderColumns>;
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
    type SqlType = (Timestamptz, SqlUuid);
}

impl LastOf<'_> {
    async fn get_result(
        self,
        connection: &mut AsyncPgConnection,
    ) -> QueryResult<(DateTime<Utc>, Uuid)> {
        RunQueryDsl::get_result(self, connection).await
    }
}
