//! Writing posts and comments, each with its change or, where only its state in the mirror changes,
//! without one.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::change_log::{
    Change, Columns, Rows, bind_next, publish_after_commit, push_append,
};
use service_kit::database::Json;
use shared_models::mirror::Mirrored;
use uuid::Uuid;

use super::super::event::{Author, Changed};
use super::super::record::{Record, Sending};
use super::{Names, names};

/// The names of the columns that [`RecordColumns`] binds, in that order; the one of the id is first.
const NAMES: &str = ", r_id, r_parent, r_name, r_email, r_body, r_version, r_deleted, r_creator, \
    r_modifier, r_created_at, r_modified_at, r_remote_id, r_changed_version, r_sent_version, \
    r_refused_version, r_listed, r_base, r_attempt, r_sending, r_sending_digest, r_failures, r_failure, r_due";

/// The columns of records, one array for each.
#[derive(Debug)]
struct RecordColumns<'a> {
    id: Vec<i64>,
    parent: Vec<Option<i64>>,
    name: Vec<&'a str>,
    email: Vec<Option<&'a str>>,
    body: Vec<&'a str>,
    version: Vec<i64>,
    deleted: Vec<bool>,
    creator: Vec<Option<&'a str>>,
    modifier: Vec<Option<&'a str>>,
    created_at: Vec<DateTime<Utc>>,
    modified_at: Vec<DateTime<Utc>>,
    remote_id: Vec<Option<i64>>,
    changed_version: Vec<i64>,
    sent_version: Vec<i64>,
    refused_version: Vec<i64>,
    listed: Vec<bool>,
    base: Vec<Option<&'a str>>,
    attempt: Vec<Option<Uuid>>,
    sending: Vec<Option<Json<&'a Sending>>>,
    sending_digest: Vec<Option<String>>,
    failures: Vec<i32>,
    failure: Vec<Option<&'a str>>,
    due: Vec<bool>,
}

impl<'a> RecordColumns<'a> {
    fn of(records: &[&'a Record]) -> Self {
        fn each<'a, T>(records: &[&'a Record], of: impl Fn(&'a Record) -> T) -> Vec<T> {
            records.iter().map(|record| of(record)).collect()
        }
        Self {
            id: each(records, |it| it.id),
            parent: each(records, |it| it.content.parent),
            name: each(records, |it| it.content.name.as_str()),
            email: each(records, |it| it.content.email.as_deref()),
            body: each(records, |it| it.content.body.as_str()),
            version: each(records, |it| it.version),
            deleted: each(records, |it| it.deleted),
            creator: each(records, |it| it.creator.as_deref()),
            modifier: each(records, |it| it.modifier.as_deref()),
            created_at: each(records, |it| it.created_at),
            modified_at: each(records, |it| it.modified_at),
            remote_id: each(records, |it| it.mirror.remote_id),
            changed_version: each(records, |it| it.mirror.changed_version),
            sent_version: each(records, |it| it.mirror.sent_version),
            refused_version: each(records, |it| it.mirror.refused_version),
            listed: each(records, |it| it.mirror.listed),
            base: each(records, |it| it.mirror.base.as_deref()),
            attempt: each(records, |it| it.mirror.attempt()),
            sending: each(records, |it| it.mirror.sending.as_ref().map(Json)),
            sending_digest: each(records, |it| {
                it.mirror.sending.as_ref().map(|sending| sending.content.digest())
            }),
            failures: each(records, |it| it.mirror.failures),
            failure: each(records, |it| it.mirror.failure.as_deref()),
            due: each(records, |it| it.mirror.due),
        }
    }

    /// Binds the columns after the first one.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>, rows: Rows) -> QueryResult<()> {
        bind_next::<Nullable<BigInt>, _>(out, rows, &self.parent)?;
        bind_next::<Text, _>(out, rows, &self.name)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.email)?;
        bind_next::<Text, _>(out, rows, &self.body)?;
        bind_next::<BigInt, _>(out, rows, &self.version)?;
        bind_next::<Bool, _>(out, rows, &self.deleted)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.creator)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.modifier)?;
        bind_next::<Timestamptz, _>(out, rows, &self.created_at)?;
        bind_next::<Timestamptz, _>(out, rows, &self.modified_at)?;
        bind_next::<Nullable<BigInt>, _>(out, rows, &self.remote_id)?;
        bind_next::<BigInt, _>(out, rows, &self.changed_version)?;
        bind_next::<BigInt, _>(out, rows, &self.sent_version)?;
        bind_next::<BigInt, _>(out, rows, &self.refused_version)?;
        bind_next::<Bool, _>(out, rows, &self.listed)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.base)?;
        bind_next::<Nullable<SqlUuid>, _>(out, rows, &self.attempt)?;
        bind_next::<Nullable<Jsonb>, _>(out, rows, &self.sending)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.sending_digest)?;
        bind_next::<Integer, _>(out, rows, &self.failures)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.failure)?;
        bind_next::<Bool, _>(out, rows, &self.due)
    }
}

/// Inserts records. Their ids are new, so that nobody else can have written them.
const INSERT: [&str; 4] = ["insert into ", " (id, ", ", body, version, deleted, creator, modifier,
        created_at, modified_at, remote_id, changed_version, sent_version, refused_version, listed, base,
        attempt, sending, sending_digest, failures, failure, due)
    select r_id, r_parent, r_name", ", r_body, r_version, r_deleted, r_creator, r_modifier,
        r_created_at, r_modified_at, r_remote_id, r_changed_version, r_sent_version, r_refused_version,
        r_listed, r_base, r_attempt, r_sending, r_sending_digest, r_failures, r_failure, r_due from new"];

/// Updates records that are locked. Naming their ids twice makes PostgreSQL read just these, by the index,
/// also with a plan that it made while there were few.
const UPDATE: &str = ", body = new.r_body, version = new.r_version, deleted = new.r_deleted,
        modifier = new.r_modifier, modified_at = new.r_modified_at, remote_id = new.r_remote_id,
        changed_version = new.r_changed_version, sent_version = new.r_sent_version,
        refused_version = new.r_refused_version, listed = new.r_listed, base = new.r_base,
        attempt = new.r_attempt, sending = new.r_sending, sending_digest = new.r_sending_digest,
        failures = new.r_failures, failure = new.r_failure, due = new.r_due
    from new where it.id = new.r_id and it.id = any (array(select r_id from new))";

/// What is done with records.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// They are inserted.
    Create,
    /// They are overwritten.
    Overwrite,
}

fn push_action(out: &mut AstPass<'_, '_, Pg>, action: Action, kind: Mirrored) {
    let Names { table, parent, name, .. } = names(kind);
    let has_email = kind == Mirrored::Comment;
    let of_email = |text| if has_email { text } else { "" };
    let [insert, columns, values, rest] = INSERT;
    let parts: &[&str] = match action {
        Action::Create => &[
            insert,
            table,
            columns,
            parent,
            ", ",
            name,
            of_email(", email"),
            values,
            of_email(", r_email"),
            rest,
        ],
        Action::Overwrite => &[
            "update ",
            table,
            " as it set ",
            parent,
            " = new.r_parent, ",
            name,
            " = new.r_name",
            of_email(", email = new.r_email"),
            UPDATE,
        ],
    };
    parts.iter().for_each(|part| out.push_sql(part));
}

/// Records to be written, with their changes.
#[derive(Debug)]
struct Write<'a> {
    kind: Mirrored,
    action: Action,
    rows: Rows,
    changes: Columns<'a>,
    columns: RecordColumns<'a>,
}

/// The statement is found prepared by its text.
impl QueryId for Write<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Write<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (rows, columns) = (self.rows, &self.columns);
        self.changes.push_new(&mut out, rows, NAMES, |out| {
            bind_next::<BigInt, _>(out, rows, &columns.id)?;
            columns.push(out, rows)
        })?;
        out.push_sql("\nwritten as (\n    ");
        push_action(&mut out, self.action, self.kind);
        out.push_sql("),");
        push_append(&mut out, rows, "null", None);
        out.push_sql(" select 1");
        Ok(())
    }
}

/// Records that are locked, of which only the state in the mirror has changed.
#[derive(Debug)]
struct Touch<'a> {
    kind: Mirrored,
    columns: RecordColumns<'a>,
}

impl QueryId for Touch<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Touch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in ["with new (", NAMES.trim_start_matches(", "), ") as (select unnest("] {
            out.push_sql(part);
        }
        out.push_bind_param::<Array<BigInt>, [i64]>(&self.columns.id)?;
        self.columns.push(&mut out, Rows::Many)?;
        out.push_sql(")) ");
        push_action(&mut out, Action::Overwrite, self.kind);
        Ok(())
    }
}

/// Takes ids for new records, in ascending order.
pub(crate) async fn new_ids(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    count: usize,
) -> QueryResult<Vec<i64>> {
    if count == 0 {
        return Ok(vec![]);
    }
    let next = match kind {
        Mirrored::Post => "select nextval('posts_id_seq') as id from generate_series(1, $1)",
        Mirrored::Comment => "select nextval('comments_id_seq') as id from generate_series(1, $1)",
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let taken = diesel::sql_query(next).bind::<BigInt, _>(count).load::<NewId>(connection).await?;
    Ok(taken.into_iter().map(|taken| taken.id).collect())
}

#[derive(QueryableByName)]
struct NewId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Inserts records with new ids, and appends their changes.
pub(crate) async fn create(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    changed: &[Changed],
    author: Author<'_>,
) -> QueryResult<()> {
    write(connection, (kind, Action::Create), changed, author).await
}

/// Overwrites records that are locked, and appends their changes.
pub(crate) async fn overwrite(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    changed: &[Changed],
    author: Author<'_>,
) -> QueryResult<()> {
    write(connection, (kind, Action::Overwrite), changed, author).await
}

async fn write(
    connection: &mut AsyncPgConnection,
    (kind, action): (Mirrored, Action),
    changed: &[Changed],
    author: Author<'_>,
) -> QueryResult<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let changes =
        changed.iter().map(|it| it.to_change(author)).collect::<QueryResult<Vec<Change>>>()?;
    let records = changed.iter().map(|it| &it.record).collect::<Vec<_>>();
    let (rows, columns) = (Rows::of(changes.len()), RecordColumns::of(&records));
    let write = Write { kind, action, rows, changes: Columns::of(&changes), columns };
    write.execute(connection).await?;
    publish_after_commit(connection, &changes).await
}

/// Overwrites records that are locked, of which only the state in the mirror has changed: that is no change
/// of the record, and has no event.
pub(crate) async fn touch(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    records: &[Record],
) -> QueryResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    let columns = RecordColumns::of(&records.iter().collect::<Vec<_>>());
    Touch { kind, columns }.execute(connection).await.map(drop)
}
