//! All SQL that writes readings or looks some up. The caller owns the transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error::SerializationError;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::change_log::{
    Change, Columns, Rows, bind_next, publish_after_commit, push_append,
};

use super::record::{Author, Expiration, Reading, State};

diesel::table! {
    readings (gtin) {
        gtin -> Text,
        updated_at -> Timestamptz,
        expiration_date -> Nullable<Text>,
        expires_at -> Nullable<Timestamptz>,
        deleted -> Bool,
        version -> BigInt,
        changed_at -> Timestamptz,
    }
}

type ReadingColumns = (
    readings::gtin,
    readings::updated_at,
    readings::expiration_date,
    readings::expires_at,
    readings::deleted,
    readings::version,
);
/// The columns that are read, in the order of [`Row`].
pub(super) const COLUMNS: ReadingColumns = (
    readings::gtin,
    readings::updated_at,
    readings::expiration_date,
    readings::expires_at,
    readings::deleted,
    readings::version,
);
pub(super) type Row = (String, DateTime<Utc>, Option<String>, Option<DateTime<Utc>>, bool, i64);

pub(super) fn reading(row: Row) -> Reading {
    let (gtin, updated_at, text, at, deleted, version) = row;
    let expiration = text.zip(at).map(|(text, at)| Expiration { text, at });
    Reading { state: State { gtin, updated_at, expiration, deleted }, version }
}

/// Creates the readings whose GTINs are new, appends their changes, and returns these GTINs; locks the
/// others, and does not write them. The states must be in the order of their GTINs: every transaction
/// takes its locks in this order, those of new readings too, so that there is no deadlock.
pub(super) async fn create_or_lock(
    connection: &mut AsyncPgConnection,
    states: &[State],
    author: Author<'_>,
) -> QueryResult<HashSet<String>> {
    let reading = |state: &State| Reading { state: state.clone(), version: 1 };
    let readings = states.iter().map(reading).collect::<Vec<_>>();
    let mut changes = to_changes(&readings, |reading| reading.changed(author))?;
    let create = Write::of(Action::CreateOrLock, &changes, states.iter());
    let created = create.load::<String>(connection).await?.into_iter().collect::<HashSet<_>>();
    changes.retain(|change| created.contains(&change.key));
    // Does nothing, except in the builds in which the nemesis has the guard `outbox` switched off.
    publish_after_commit(connection, &changes).await?;
    Ok(created)
}

/// The columns of readings besides the GTIN.
#[derive(Debug)]
struct StateColumns<'a> {
    updated_at: Vec<DateTime<Utc>>,
    expiration_date: Vec<Option<&'a str>>,
    expires_at: Vec<Option<DateTime<Utc>>>,
    deleted: Vec<bool>,
}

impl<'a> StateColumns<'a> {
    fn of(states: impl IntoIterator<Item = &'a State> + Clone) -> Self {
        Self {
            updated_at: column(states.clone(), |it| it.updated_at),
            expiration_date: column(states.clone(), |it| {
                it.expiration.as_ref().map(|it| it.text.as_str())
            }),
            expires_at: column(states.clone(), |it| it.expiration.as_ref().map(|it| it.at)),
            deleted: column(states, |it| it.deleted),
        }
    }
}

fn column<'a, T>(
    states: impl IntoIterator<Item = &'a State>,
    of: impl Fn(&'a State) -> T,
) -> Vec<T> {
    states.into_iter().map(of).collect()
}

/// Returns those of the readings that exist, removed ones too.
pub(super) async fn find_all(
    connection: &mut AsyncPgConnection,
    gtins: &[&str],
) -> QueryResult<HashMap<String, Reading>> {
    let these = readings::table.filter(readings::gtin.eq_any(gtins)).select(COLUMNS);
    let rows = these.load::<Row>(connection).await?;
    Ok(rows.into_iter().map(|row| (row.0.clone(), reading(row))).collect())
}

/// Returns a reading, also a removed one.
pub(super) async fn find(
    connection: &AsyncPgConnection,
    gtin: &str,
) -> QueryResult<Option<Reading>> {
    let one = readings::table.filter(readings::gtin.eq(gtin)).select(COLUMNS);
    let row = RunQueryDsl::get_result::<Row>(one, &mut &*connection).await.optional()?;
    Ok(row.map(reading))
}

/// Returns a reading, also a removed one, and locks it.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    gtin: &str,
) -> QueryResult<Option<Reading>> {
    let one = readings::table.filter(readings::gtin.eq(gtin)).select(COLUMNS).for_update();
    Ok(one.get_result::<Row>(connection).await.optional()?.map(reading))
}

/// Overwrites readings that are locked, and appends their changes.
pub(super) async fn overwrite(
    connection: &mut AsyncPgConnection,
    changed: &[Reading],
    author: Author<'_>,
) -> QueryResult<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let changes = to_changes(changed, |reading| reading.changed(author))?;
    let states = changed.iter().map(|reading| &reading.state);
    Write::of(Action::Overwrite, &changes, states).execute(connection).await?;
    publish_after_commit(connection, &changes).await
}

/// Returns changes of readings.
pub(super) fn to_changes<'a>(
    readings: impl IntoIterator<Item = &'a Reading>,
    change: impl Fn(&Reading) -> Result<Change, serde_json::Error>,
) -> QueryResult<Vec<Change>> {
    let changes = readings.into_iter().map(change).collect::<Result<_, _>>();
    changes.map_err(|error| SerializationError(error.into()))
}

/// The names of the columns that [`Write`] binds besides those of the changes.
const NAMES: &str = ", updated_at, expiration_date, expires_at, deleted";

/// Inserts those readings that are new. A row that fails the condition is locked, and neither written
/// nor returned.
const CREATE: &str = "
created as (
    insert into readings
        (gtin, updated_at, expiration_date, expires_at, deleted, version, changed_at)
    select key, updated_at, expiration_date, expires_at, deleted, version, at from new
    on conflict (gtin) do update set version = readings.version where false
    returning gtin
),";
const CREATED: &str = " select gtin from created";

/// Updates readings. Naming their GTINs twice makes PostgreSQL read just these, by the index, also with
/// a plan that it made while there were few.
const UPDATE: &str = "
written as (
    update readings set
        updated_at = new.updated_at, expiration_date = new.expiration_date,
        expires_at = new.expires_at, deleted = new.deleted,
        version = new.version, changed_at = new.at
    from new where readings.gtin = new.key and readings.gtin = any (array(select key from new))
),";

/// What is done with readings that are written.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// Those that are new are created, and the others locked; returns the GTINs of the new ones.
    CreateOrLock,
    /// All are overwritten; returns nothing.
    Overwrite,
}

/// Readings to be written, with their changes.
#[derive(Debug)]
struct Write<'a> {
    action: Action,
    rows: Rows,
    changes: Columns<'a>,
    columns: StateColumns<'a>,
}

impl<'a> Write<'a> {
    fn of(
        action: Action,
        changes: &'a [Change],
        states: impl Iterator<Item = &'a State> + Clone,
    ) -> Self {
        let (rows, columns) = (Rows::of(changes.len()), StateColumns::of(states));
        Self { action, rows, changes: Columns::of(changes), columns }
    }
}

/// The statement is found prepared by its text, of which there are four.
impl QueryId for Write<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Write<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (rows, columns) = (self.rows, &self.columns);
        self.changes.push_new(&mut out, rows, NAMES, |out| {
            bind_next::<Timestamptz, _>(out, rows, &columns.updated_at)?;
            bind_next::<Nullable<Text>, _>(out, rows, &columns.expiration_date)?;
            bind_next::<Nullable<Timestamptz>, _>(out, rows, &columns.expires_at)?;
            bind_next::<Bool, _>(out, rows, &columns.deleted)
        })?;
        let (write, keys, answer) = match self.action {
            Action::CreateOrLock => (CREATE, Some(CREATED), CREATED),
            Action::Overwrite => (UPDATE, None, " select 1"),
        };
        out.push_sql(write);
        push_append(&mut out, rows, "null", keys);
        out.push_sql(answer);
        Ok(())
    }
}

/// The type of what [`Action::CreateOrLock`] returns.
impl Query for Write<'_> {
    type SqlType = Text;
}
