//! The statements that write records with their changes. The columns of a kind are data, so that each kind
//! has the same two statements, for one row and for many.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz};
use service_kit::change_log::{Change, Columns, Rows, bind_next, push_append};

use super::kind::Kind;
use super::record::{Record, Written};
use super::storage::edited_text;

/// What is done with records that are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Those whose ids are new are created; returns the ids of these, as texts.
    Insert,
    /// All are overwritten; returns nothing. They are locked.
    Overwrite,
}

/// The names of the columns that are bound besides the fields and those of the changes, in this order.
const NAMES: &str = "note, active, source, edited, deleted, created_at";

/// The columns of records, one array for each.
#[derive(Debug)]
struct RecordColumns<'a> {
    fields: Vec<Vec<Option<&'a str>>>,
    note: Vec<Option<&'a str>>,
    active: Vec<bool>,
    source: Vec<Option<&'a str>>,
    edited: Vec<String>,
    deleted: Vec<bool>,
    created_at: Vec<DateTime<Utc>>,
}

impl<'a> RecordColumns<'a> {
    fn of(kind: &Kind, records: &[&'a Record]) -> Self {
        let field = |index: usize| column(records, |it| it.fields[index].as_deref());
        Self {
            fields: (0..kind.fields.len()).map(field).collect(),
            note: column(records, |it| it.note.as_deref()),
            active: column(records, |it| it.active),
            source: column(records, |it| it.source.as_deref()),
            edited: column(records, |it| edited_text(kind, &it.edited)),
            deleted: column(records, |it| it.deleted),
            created_at: column(records, |it| it.created_at),
        }
    }
}

fn column<'a, T>(records: &[&'a Record], of: impl FnMut(&'a Record) -> T) -> Vec<T> {
    records.iter().copied().map(of).collect()
}

/// Records that are written, with their changes.
#[derive(Debug)]
pub(super) struct Write<'a> {
    kind: &'static Kind,
    action: Action,
    rows: Rows,
    changes: Columns<'a>,
    columns: RecordColumns<'a>,
    names: String,
}

impl<'a> Write<'a> {
    pub(super) fn of(
        kind: &'static Kind,
        action: Action,
        written: &'a [Written],
        changes: &'a [Change],
    ) -> Self {
        let records = written.iter().map(|it| &it.record).collect::<Vec<_>>();
        let columns = RecordColumns::of(kind, &records);
        let fields = kind.fields.iter().map(|field| format!("{}, ", field.name));
        let names = fields.chain([NAMES.to_owned()]).collect();
        let (rows, changes) = (Rows::of(written.len()), Columns::of(changes));
        Self { kind, action, rows, changes, columns, names }
    }

    /// Inserts the records whose ids are new. A row that is there already is neither written nor locked, nor
    /// waited for, unless the transaction that inserts it is not over.
    fn insert(&self) -> String {
        let (table, names) = (self.kind.table, &self.names);
        format!(
            "
created as (
    insert into {table} (id, {names}, version, updated_at)
    select key::bigint, {names}, version, at from new order by key::bigint
    on conflict (id) do nothing
    returning id::text as key
),"
        )
    }

    /// Overwrites records. Naming their ids twice makes PostgreSQL read just these, by the index, also with a
    /// plan that it made while there were few.
    fn overwrite(&self) -> String {
        let table = self.kind.table;
        let mut sets = String::new();
        for name in self.names.split(", ") {
            // Writing to a string cannot fail.
            let _ = write!(sets, "{name} = new.{name}, ");
        }
        format!(
            "
written as (
    update {table} set {sets} version = new.version, updated_at = new.at
    from new where {table}.id = new.key::bigint
        and {table}.id = any (array(select key::bigint from new))
),"
        )
    }
}

/// The statement is found prepared by its text, of which there are four for each kind.
impl QueryId for Write<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Write<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        const CREATED: &str = " select key from created";
        let (rows, columns) = (self.rows, &self.columns);
        self.changes.push_new(&mut out, rows, &format!(", {}", self.names), |out| {
            for field in &columns.fields {
                bind_next::<Nullable<Text>, _>(out, rows, field)?;
            }
            bind_next::<Nullable<Text>, _>(out, rows, &columns.note)?;
            bind_next::<Bool, _>(out, rows, &columns.active)?;
            bind_next::<Nullable<Text>, _>(out, rows, &columns.source)?;
            bind_next::<Text, _>(out, rows, &columns.edited)?;
            bind_next::<Bool, _>(out, rows, &columns.deleted)?;
            bind_next::<Timestamptz, _>(out, rows, &columns.created_at)
        })?;
        let (write, keys, answer) = match self.action {
            Action::Insert => (self.insert(), Some(CREATED), CREATED),
            Action::Overwrite => (self.overwrite(), None, " select 1"),
        };
        out.push_sql(&write);
        push_append(&mut out, rows, "null", keys);
        out.push_sql(answer);
        Ok(())
    }
}

/// The type of what [`Action::Insert`] returns.
impl Query for Write<'_> {
    type SqlType = Text;
}
