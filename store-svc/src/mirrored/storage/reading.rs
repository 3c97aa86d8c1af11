//! Reading posts and comments.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::database::Json;
use shared_models::mirror::Mirrored;
use uuid::Uuid;

use super::super::content::Content;
use super::super::record::{Mirror, Record, Sending};
use super::names;

/// The columns that are read besides those of the contents, in the order of [`Row`].
const COLUMNS: &str = ", body, version, deleted, creator, modifier, created_at, modified_at,
    remote_id, changed_version, sent_version, refused_version, listed, base, sending, failures, failure, due
    from ";

pub(super) type RowType = (
    (BigInt, Nullable<BigInt>, Text, Nullable<Text>, Text),
    (BigInt, Bool, Nullable<Text>, Nullable<Text>, Timestamptz, Timestamptz),
    (Nullable<BigInt>, BigInt, BigInt, BigInt, Bool, Nullable<Text>),
    (Nullable<Jsonb>, Integer, Nullable<Text>, Bool),
);
type OwnRow = (i64, Option<i64>, String, Option<String>, String);
type CommonRow = (i64, bool, Option<String>, Option<String>, DateTime<Utc>, DateTime<Utc>);
type RemoteRow = (Option<i64>, i64, i64, i64, bool, Option<String>);
type SendingRow = (Option<Json<Sending>>, i32, Option<String>, bool);
pub(super) type Row = (OwnRow, CommonRow, RemoteRow, SendingRow);

pub(super) fn record(kind: Mirrored, (own, common, remote, sending): Row) -> Record {
    let (id, parent, name, email, body) = own;
    let (version, deleted, creator, modifier, created_at, modified_at) = common;
    let (remote_id, changed_version, sent_version, refused_version, listed, base) = remote;
    let (sending, failures, failure, due) = sending;
    let mirror = Mirror {
        remote_id,
        changed_version,
        sent_version,
        refused_version,
        listed,
        base,
        sending: sending.map(|Json(sending)| sending),
        failures,
        failure,
        due,
    };
    let content = Content { parent, name, email, body };
    Record {
        kind,
        id,
        content,
        version,
        deleted,
        creator,
        modifier,
        created_at,
        modified_at,
        mirror,
    }
}

/// Writes `select … from TABLE` with the columns of [`Row`].
pub(super) fn push_select(out: &mut AstPass<'_, '_, Pg>, kind: Mirrored) {
    let names = names(kind);
    for part in
        ["select id, ", names.parent, ", ", names.name, ", ", names.email, COLUMNS, names.table]
    {
        out.push_sql(part);
    }
}

/// The records that are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    /// Those with these ids, removed ones too.
    Ids(&'a [i64]),
    /// Those with these ids at the remote, removed ones too.
    RemoteIds(&'a [i64]),
    /// Those, and those with creates that were begun: with these digests of what was sent, or of these
    /// attempts.
    Loaded { remote_ids: &'a [i64], digests: &'a [String], attempts: &'a [Uuid] },
    /// Up to so many comments of these posts that are not removed, after an id.
    CommentsOf { posts: &'a [i64], after: i64, limit: i64 },
    /// Up to so many records after an id, removed ones too.
    After { id: i64, limit: i64 },
}

struct Find<'a> {
    kind: Mirrored,
    which: Selection<'a>,
    lock: &'static str,
}

/// The statement is found prepared by its text.
impl QueryId for Find<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Find<'_> {
    type SqlType = RowType;
}

impl QueryFragment<Pg> for Find<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        push_select(&mut out, self.kind);
        match &self.which {
            Selection::Ids(ids) => {
                out.push_sql(" where id = any (");
                out.push_bind_param::<Array<BigInt>, [i64]>(ids)?;
                out.push_sql(") order by id");
            }
            Selection::RemoteIds(ids) => {
                out.push_sql(" where remote_id = any (");
                out.push_bind_param::<Array<BigInt>, [i64]>(ids)?;
                out.push_sql(") order by id");
            }
            Selection::Loaded { remote_ids, digests, attempts } => {
                out.push_sql(" where remote_id = any (");
                out.push_bind_param::<Array<BigInt>, [i64]>(remote_ids)?;
                out.push_sql(") or (attempt is not null and sending_digest = any (");
                out.push_bind_param::<Array<Text>, [String]>(digests)?;
                out.push_sql(")) or attempt = any (");
                out.push_bind_param::<Array<SqlUuid>, [Uuid]>(attempts)?;
                out.push_sql(") order by id");
            }
            Selection::CommentsOf { posts, after, limit } => {
                out.push_sql(" where post_id = any (");
                out.push_bind_param::<Array<BigInt>, [i64]>(posts)?;
                out.push_sql(") and not deleted and id > ");
                push_rest(&mut out, after, limit)?;
            }
            Selection::After { id, limit } => {
                out.push_sql(" where id > ");
                push_rest(&mut out, id, limit)?;
            }
        }
        out.push_sql(self.lock);
        Ok(())
    }
}

fn push_rest<'b>(out: &mut AstPass<'_, 'b, Pg>, after: &'b i64, limit: &'b i64) -> QueryResult<()> {
    out.push_bind_param::<BigInt, _>(after)?;
    out.push_sql(" order by id limit ");
    out.push_bind_param::<BigInt, _>(limit)
}

async fn select(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    which: Selection<'_>,
    lock: &'static str,
) -> QueryResult<Vec<Record>> {
    let rows = Find { kind, which, lock }.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| record(kind, row)).collect())
}

/// Returns records, in the order of their ids, and locks them in this order.
pub(crate) async fn lock(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    which: Selection<'_>,
) -> QueryResult<Vec<Record>> {
    select(connection, kind, which, " for update").await
}

/// Returns records, in the order of their ids, and locks them against being changed, in this order.
pub(crate) async fn look(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    which: Selection<'_>,
) -> QueryResult<Vec<Record>> {
    select(connection, kind, which, " for share").await
}

/// Returns a record, unless it is removed.
pub(crate) async fn find(
    connection: &AsyncPgConnection,
    kind: Mirrored,
    id: i64,
) -> QueryResult<Option<Record>> {
    let ids = [id];
    let one = Find { kind, which: Selection::Ids(&ids), lock: "" };
    let row = RunQueryDsl::get_result::<Row>(one, &mut &*connection).await.optional()?;
    Ok(row.map(|row| record(kind, row)).filter(|record| !record.deleted))
}

/// Returns a record, unless it is removed, and locks it.
pub(crate) async fn lock_one(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    id: i64,
) -> QueryResult<Option<Record>> {
    let mut found = lock(connection, kind, Selection::Ids(&[id])).await?;
    Ok(found.pop().filter(|record| !record.deleted))
}
