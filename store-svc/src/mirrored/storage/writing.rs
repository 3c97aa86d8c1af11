//! Writing posts and comments, each with its change or, where only its state in the mirror changes,
//! without one.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::change_log::{
    Change, Columns, Rows, bind_next, publish_after_commit, push_append,
};
use shared_models::mirror::Mirrored;

use super::super::event::{Author, Changed};
use super::super::record::Record;
use super::columns::{NAMES, RecordColumns};
use super::reading::{Selection, lock};
use super::{Names, names};

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
    /// Records are inserted.
    Create,
    /// Records are overwritten.
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

/// The comments of removed posts that are removed by one statement.
const STEP: i64 = 1_000;

/// Removes the comments of posts that are locked, some at a time.
pub(crate) async fn remove_comments(
    connection: &mut AsyncPgConnection,
    posts: &[i64],
    remove: impl Fn(&Record) -> Changed,
    author: Author<'_>,
) -> QueryResult<()> {
    let mut after = 0;
    loop {
        let some = Selection::CommentsOf { posts, after, limit: STEP };
        let comments = lock(connection, Mirrored::Comment, some).await?;
        let Some(last) = comments.last() else { return Ok(()) };
        after = last.id;
        let removed = comments.iter().map(&remove).collect::<Vec<_>>();
        overwrite(connection, Mirrored::Comment, &removed, author).await?;
    }
}
