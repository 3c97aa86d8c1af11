//! All SQL that writes orders. One statement also writes their records and, for changes to be
//! published, the outbox. So it is one round trip and, without a transaction of the caller, atomic
//! by itself.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error::SerializationError;
use diesel::sql_types::{Bool, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service_kit::change_log::{
    Change, Columns, Rows, bind_next, publish_after_commit, push_append, recorded_first,
};
use service_kit::database::Json;
use service_kit::error::Error;
use shared_models::order::{Delivery, Facet, Progress};
use uuid::Uuid;

use crate::local_change::Changed;
use crate::order::{Private, RESOURCE};
use crate::record::Record;

/// Inserts the orders whose ids do not exist yet, and returns these ids.
pub async fn create<P: Private>(
    connection: &mut AsyncPgConnection,
    new: &[Changed<P>],
) -> QueryResult<Vec<Uuid>> {
    run_statement(connection, WriteKind::Create, new).await
}

/// Inserts the orders whose ids do not exist yet, and returns these ids, with those that an earlier
/// statement with the very same records has inserted. Safe to repeat: an id is unique, and the log
/// holds the event that created it.
pub async fn create_or_find_created<P: Private>(
    connection: &mut AsyncPgConnection,
    new: &[Changed<P>],
) -> QueryResult<Vec<Uuid>> {
    // If the earlier statement is still running, this waits for it: its rows have the same ids.
    let mut created = create(connection, new).await?;
    if created.len() < new.len() {
        let ids = new.iter().map(|new| new.order.id.to_string()).collect::<Vec<_>>();
        let ids = ids.iter().map(String::as_str).collect::<Vec<_>>();
        let events = new.iter().map(|new| new.record.event.id).collect::<Vec<_>>();
        let recorded = recorded_first(connection, RESOURCE, &ids, &events).await?;
        let earlier = new.iter().filter(|new| recorded.contains(&new.record.event.id));
        let now = created.iter().copied().collect::<HashSet<_>>();
        created.extend(earlier.map(|new| new.order.id).filter(|id| !now.contains(id)));
    }
    Ok(created)
}

/// Inserts all orders, or fails as overtaken: then the caller has to roll back its transaction.
pub async fn create_all<P: Private>(
    connection: &mut AsyncPgConnection,
    new: &[Changed<P>],
) -> Result<(), Error> {
    let created = create(connection, new).await?;
    if created.len() == new.len() { Ok(()) } else { Err(Error::Overtaken) }
}

/// Updates all orders, if none has changed since it was read; otherwise fails as overtaken, and the
/// caller has to roll back its transaction. It cannot fail so if the caller has locked them.
pub async fn update_all<P: Private>(
    connection: &mut AsyncPgConnection,
    changed: &[Changed<P>],
) -> Result<(), Error> {
    let updated = run_statement(connection, WriteKind::Update, changed).await?;
    if updated.len() == changed.len() { Ok(()) } else { Err(Error::Overtaken) }
}

/// Updates one order that goes through several changes, each based on the one before; returns
/// `false` if it has changed since it was read.
pub async fn update_one<P: Private>(
    connection: &mut AsyncPgConnection,
    changes: &[Changed<P>],
) -> QueryResult<bool> {
    let updated = match changes {
        [] => return Ok(true),
        [_] => run_statement(connection, WriteKind::Update, changes).await?,
        _ => run_statement(connection, WriteKind::UpdateThrough, changes).await?,
    };
    Ok(!updated.is_empty())
}

async fn run_statement<P: Private>(
    connection: &mut AsyncPgConnection,
    write: WriteKind,
    changed: &[Changed<P>],
) -> QueryResult<Vec<Uuid>> {
    if changed.is_empty() {
        return Ok(vec![]);
    }
    let changes = to_changes(changed.iter().map(|changed| &changed.record))?;
    let written = Statement::of(write, changed, &changes).load(connection).await?;
    // Does nothing, except in the builds in which the nemesis has the guard `outbox` switched off.
    publish_after_commit(connection, &changes).await?;
    Ok(written)
}

/// Returns the records as the change log keeps them.
pub fn to_changes<'a>(records: impl IntoIterator<Item = &'a Record>) -> QueryResult<Vec<Change>> {
    let changes = records.into_iter().map(Record::to_change).collect::<Result<_, _>>();
    changes.map_err(|error| SerializationError(error.into()))
}

/// A write: how the rows of `new` get into the table of orders. Returns the ids written.
#[derive(Clone, Copy, Debug)]
enum WriteKind {
    /// Inserts the orders that do not exist yet.
    Create,
    /// Updates orders, each by one change.
    Update,
    /// Updates one order to the result of the last of its changes.
    UpdateThrough,
}

impl WriteKind {
    fn push(self, out: &mut AstPass<'_, '_, Pg>, rows: Rows) {
        match self {
            Self::Create => out.push_sql(CREATE),
            Self::Update => push_update(out, rows, "orders.version = new.version - 1"),
            Self::UpdateThrough => push_update(out, rows, THROUGH),
        }
    }
}

/// Inserts in the order of ids, so that two statements that insert the same orders cannot deadlock.
const CREATE: &str = "
written as (
    insert into orders (id, delivery, progress, private, version, created_at, updated_at, company, status)
    select key::uuid, delivery, progress, private, version, created_at, at,
        delivery ->> 'company', progress ->> 'status'
    from new order by key::uuid
    on conflict (id) do nothing
    returning id
),";

/// The condition for an update through several changes.
const THROUGH: &str = "new.version = (select max(version) from new)
        and orders.version = (select min(version) - 1 from new)";

/// Updates orders to the rows of `new`, under a condition.
fn push_update(out: &mut AstPass<'_, '_, Pg>, rows: Rows, condition: &str) {
    out.push_sql(
        "
written as (
    update orders set
        delivery = new.delivery, progress = new.progress, private = new.private,
        version = new.version, updated_at = new.at,
        company = new.delivery ->> 'company', status = new.progress ->> 'status'
    from new where orders.id = new.key::uuid and ",
    );
    if rows == Rows::Many {
        // Redundant, but makes PostgreSQL read just these orders, by the index. With the join alone
        // it would read the whole table if it planned while there were few rows (20 ms instead of
        // 1, for 500 of 50,000), and it keeps a plan.
        out.push_sql("orders.id = any (array(select key::uuid from new)) and ");
    }
    out.push_sql(condition);
    out.push_sql(" returning orders.id),");
}

/// The names of the columns that a statement binds besides those of the records.
const NAMES: &str = ", delivery, progress, private, private_changed, created_at";

/// A statement that writes orders.
#[derive(Debug)]
struct Statement<'a, P: Private> {
    write: WriteKind,
    rows: Rows,
    changes: Columns<'a>,
    delivery: Vec<Json<&'a Facet<Delivery>>>,
    progress: Vec<Json<&'a Facet<Progress>>>,
    private: Vec<Json<&'a P>>,
    private_changed: Vec<bool>,
    created_at: Vec<DateTime<Utc>>,
}

impl<'a, P: Private> Statement<'a, P> {
    fn of(write: WriteKind, changed: &'a [Changed<P>], changes: &'a [Change]) -> Self {
        let orders = || changed.iter().map(|changed| &changed.order);
        let private_changed = |changed: &Changed<P>| changed.record.private_changed;
        Self {
            write,
            rows: Rows::of(changed.len()),
            changes: Columns::of(changes),
            delivery: orders().map(|order| Json(&order.shared.delivery)).collect(),
            progress: orders().map(|order| Json(&order.shared.progress)).collect(),
            private: orders().map(|order| Json(&order.private)).collect(),
            private_changed: changed.iter().map(private_changed).collect(),
            created_at: orders().map(|order| order.created_at).collect(),
        }
    }
}

impl<P: Private> QueryFragment<Pg> for Statement<'_, P> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let rows = self.rows;
        self.changes.push_new(&mut out, rows, NAMES, |out| {
            bind_next::<Jsonb, _>(out, rows, &self.delivery)?;
            bind_next::<Jsonb, _>(out, rows, &self.progress)?;
            bind_next::<Jsonb, _>(out, rows, &self.private)?;
            bind_next::<Bool, _>(out, rows, &self.private_changed)?;
            bind_next::<Timestamptz, _>(out, rows, &self.created_at)
        })?;
        self.write.push(&mut out, rows);
        let private = "case when private_changed then private end";
        push_append(&mut out, rows, private, Some("select id::text from written"));
        out.push_sql(" select id from written");
        Ok(())
    }
}

/// The statement is found prepared by its text, which is put together each time.
impl<P: Private> QueryId for Statement<'_, P> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<P: Private> Query for Statement<'_, P> {
    type SqlType = SqlUuid;
}
