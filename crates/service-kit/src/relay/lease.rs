//! The right to publish for a database: a session that holds an advisory lock. All SQL on the outbox.
//!
//! The relay reads and deletes through this same session. So a process that has lost the lock
//! cannot delete, and a session that is lost releases the lock for another replica. PostgreSQL ends
//! the session of a holder that is frozen.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::RelayOptions;
use super::housekeeping::{Task, TaskOutcome};
use super::step::StepError;
use crate::database::schema::outbox;
use crate::database::{DatabaseError, connect, in_time};
use crate::pause;

/// The lock's key; advisory locks are local to a database.
const RELAY_LOCK: i64 = 0x6c6f_636b_0002;

/// The interval at which the holder renews the session while it awaits something else.
const RENEWAL: Duration = Duration::from_secs(1);

/// The longest silence of the session, in addition to the time between two reads of the outbox.
const SILENCE: Duration = Duration::from_secs(4);

/// The right to publish for a database.
pub(super) struct Lease {
    session: AsyncPgConnection,
    deadline: Duration,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

impl Lease {
    /// Acquires the lease; returns `None` while another process has it.
    pub(super) async fn take(options: &RelayOptions) -> Result<Option<Self>, StepError> {
        let deadline = options.database.deadline;
        let mut session = connect(&options.database, &format!("{} relay", options.name)).await?;
        let taken = within(deadline, async {
            let silence = (SILENCE + options.relay.poll_max).as_millis();
            // The first one does not apply within a transaction, so both are set.
            for timeout in ["idle_session_timeout", "idle_in_transaction_session_timeout"] {
                let set = format!("set {timeout} = {silence}");
                diesel::sql_query(set).execute(&mut session).await?;
            }
            diesel::sql_query("select pg_try_advisory_lock($1) as taken")
                .bind::<BigInt, _>(RELAY_LOCK)
                .get_result::<Taken>(&mut session)
                .await
        });
        let taken = taken.await?.taken;
        Ok(taken.then_some(Self { session, deadline }))
    }

    /// Returns whether publishing is paused.
    pub(super) async fn is_paused(&mut self) -> Result<bool, DatabaseError> {
        Ok(within(self.deadline, pause::since(&self.session)).await?.is_some())
    }

    /// Reads the changes in the outbox that are to be published now, oldest first.
    pub(super) async fn read(&mut self, query: ReadOutbox) -> Result<Vec<Pending>, DatabaseError> {
        within(self.deadline, query.load(&mut self.session)).await
    }

    /// Deletes confirmed changes from the outbox.
    pub(super) async fn delete(&mut self, confirmed: &[i64]) -> Result<(), DatabaseError> {
        if confirmed.is_empty() {
            return Ok(());
        }
        let these = diesel::delete(outbox::table.filter(outbox::seq.eq_any(confirmed)));
        within(self.deadline, these.execute(&mut self.session)).await.map(|_| ())
    }

    /// Has a task take its next step.
    pub(super) async fn run(&mut self, task: &dyn Task) -> Result<TaskOutcome, DatabaseError> {
        task.step(&mut self.session, self.deadline).await
    }

    /// Awaits an answer from elsewhere, and keeps the session from timing out meanwhile.
    pub(super) async fn renewing<T>(
        &mut self,
        answer: impl Future<Output = T>,
    ) -> Result<T, DatabaseError> {
        let mut answer = std::pin::pin!(answer);
        loop {
            tokio::select! {
                answer = &mut answer => return Ok(answer),
                () = tokio::time::sleep(RENEWAL) => self.renew().await?,
            }
        }
    }

    /// Renews the session, so that PostgreSQL does not end it.
    async fn renew(&mut self) -> Result<(), DatabaseError> {
        let asking = diesel::sql_query("select 1").execute(&mut self.session);
        within(self.deadline, asking).await.map(|_| ())
    }
}

async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = QueryResult<T>>,
) -> Result<T, DatabaseError> {
    Ok(in_time(deadline, answer).await??)
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A change that RabbitMQ has not confirmed yet.
#[derive(Debug, Queryable)]
pub(super) struct Pending {
    pub(super) seq: i64,
    pub(super) event_id: Uuid,
    pub(super) resource: String,
    pub(super) kind: String,
    pub(super) origin: String,
    pub(super) at: DateTime<Utc>,
    pub(super) body: String,
    pub(super) trace: Option<String>,
}

/// The query for changes in the outbox from a sequence number on that are not in flight, oldest
/// first; nothing while the side is paused.
#[derive(Debug, QueryId)]
pub(super) struct ReadOutbox {
    pub(super) from: i64,
    /// The most changes to look at, including those in flight.
    pub(super) limit: i64,
    pub(super) in_flight: Vec<i64>,
}

impl QueryFragment<Pg> for ReadOutbox {
    /// Filters before it reads, so that no in-flight change is read. Each change is looked up
    /// separately (`lateral`, `limit`): with a join PostgreSQL may scan the whole log, which it
    /// does if it analyzed the outbox while that was long.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("with waiting as materialized (select seq from outbox where seq >= ");
        out.push_bind_param::<BigInt, _>(&self.from)?;
        out.push_sql(" and not exists (select from pause) order by seq limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql("), next as materialized (select seq from waiting where seq not in (");
        out.push_sql("select unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.in_flight)?;
        out.push_sql("))) select change.* from next cross join lateral (");
        out.push_sql("select seq, event_id, resource, kind, origin, at, body, trace from changes");
        out.push_sql(" where changes.seq = next.seq limit 1) as change order by seq");
        Ok(())
    }
}

impl Query for ReadOutbox {
    type SqlType = (BigInt, SqlUuid, Text, Text, Text, Timestamptz, Text, Nullable<Text>);
}
