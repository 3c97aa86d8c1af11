//! Numbered pages of posts and comments, in the order of their ids.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::error::Error;
use shared_models::mirror::Mirrored;

use super::super::page::PageWanted;
use super::super::record::Record;
use super::names;
use super::reading::{Row, RowType, push_select, record};

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The post that comments are of.
    pub(crate) parent: Option<i64>,
    /// The title of posts.
    pub(crate) name: Option<String>,
}

impl Filter {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>, kind: Mirrored) -> QueryResult<()> {
        let names = names(kind);
        out.push_sql(" where not deleted");
        if let Some(parent) = &self.parent {
            for part in [" and ", names.parent, " = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<BigInt, _>(parent)?;
        }
        if let Some(name) = &self.name {
            for part in [" and ", names.name, " = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(name)?;
        }
        Ok(())
    }
}

/// Counts the records of a list; an index has all that this needs.
struct Count<'a> {
    kind: Mirrored,
    filter: &'a Filter,
}

impl QueryId for Count<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Count<'_> {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("select count(*) from ");
        out.push_sql(names(self.kind).table);
        self.filter.push(&mut out, self.kind)
    }
}

/// Reads the records of a page. The first of them is found by an index alone: an offset of rows would read
/// each of the table.
struct Records<'a> {
    kind: Mirrored,
    filter: &'a Filter,
    offset: i64,
    limit: i64,
}

impl QueryId for Records<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Records<'_> {
    type SqlType = RowType;
}

impl QueryFragment<Pg> for Records<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_select(&mut out, self.kind);
        self.filter.push(&mut out, self.kind)?;
        out.push_sql(" and id >= (select id from ");
        out.push_sql(names(self.kind).table);
        self.filter.push(&mut out, self.kind)?;
        out.push_sql(" order by id limit 1 offset ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        out.push_sql(") order by id limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) records: Vec<Record>,
    /// The number of records of all pages.
    pub(crate) count: i64,
    /// The number of the page.
    pub(crate) number: i64,
}

/// Returns a page; fails if there is no such page.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    filter: &Filter,
    wanted: PageWanted,
) -> Result<Listed, Error> {
    // Both statements use one snapshot, so that the count is that of the records.
    let mut transaction = connection.build_transaction().repeatable_read().read_only();
    let reading = transaction.run(async |connection: &mut AsyncPgConnection| {
        let count = Count { kind, filter }.get_result::<i64>(connection).await?;
        let number = wanted.number(count)?;
        let (offset, limit) = ((number - 1) * wanted.size, wanted.size);
        let rows = Records { kind, filter, offset, limit }.load::<Row>(connection).await?;
        let records = rows.into_iter().map(|row| record(kind, row)).collect();
        Ok::<_, Error>(Listed { records, count, number })
    });
    reading.await
}
