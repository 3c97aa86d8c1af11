//! The right to publish for a database: a session that holds an advisory lock.
//!
//! The relay reads and deletes through this very session. So whoever has lost the lock cannot
//! delete, and a session that is lost frees the lock for another replica. PostgreSQL ends the
//! session of a holder that is frozen.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use diesel::sql_types::{BigInt, Bool};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use shared_models::site::Site;

use super::{RelayOptions, StepError, storage};
use crate::database::{DatabaseError, connect};
use crate::offers::advance;
use crate::parked::offer_due;
use crate::pause;
pub(super) use storage::{Look, Waiting};

/// The lock's key; advisory locks are each database's own.
const RELAY_LOCK: i64 = 0x6c6f_636b_0002;

/// How often the holder speaks up while it awaits something else.
const RENEWAL: Duration = Duration::from_secs(1);

/// How long the session may be silent, besides the time between two looks at the outbox.
const SILENCE: Duration = Duration::from_secs(4);

/// The right to publish for a database.
pub(super) struct Lease {
    session: AsyncPgConnection,
    deadline: Duration,
    site: Site,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

impl Lease {
    /// Takes the right; `None` while another process has it.
    pub(super) async fn take(options: &RelayOptions) -> Result<Option<Self>, StepError> {
        let deadline = options.database.deadline;
        let mut session = connect(&options.database, &format!("{} relay", options.name)).await?;
        let taken = within(deadline, async {
            let silence = (SILENCE + options.relay.poll_max).as_millis();
            // The first does not hold within a transaction.
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
        Ok(taken.then_some(Self { session, deadline, site: options.site }))
    }

    /// Whether nothing is to be published now.
    pub(super) async fn is_paused(&mut self) -> Result<bool, DatabaseError> {
        Ok(within(self.deadline, pause::since(&mut self.session)).await?.is_some())
    }

    /// What waits in the outbox and is to be published now, oldest first.
    pub(super) async fn read(&mut self, look: Look) -> Result<Vec<Waiting>, DatabaseError> {
        within(self.deadline, look.read(&mut self.session)).await
    }

    /// Deletes what was confirmed.
    pub(super) async fn delete(&mut self, confirmed: &[i64]) -> Result<(), DatabaseError> {
        within(self.deadline, storage::delete(&mut self.session, confirmed)).await
    }

    /// Takes an offer one step further; `false` where there is none.
    pub(super) async fn advance_offer(&mut self) -> Result<bool, DatabaseError> {
        let session = &mut self.session;
        let site = self.site;
        within(self.deadline, session.transaction(async |session| advance(session, site).await))
            .await
    }

    /// Offers again what is parked and due; whether there may be more.
    pub(super) async fn offer_parked(&mut self) -> Result<bool, DatabaseError> {
        let session = &mut self.session;
        let site = self.site;
        within(self.deadline, session.transaction(async |session| offer_due(session, site).await))
            .await
    }

    /// Awaits an answer from elsewhere without letting PostgreSQL think that we are frozen.
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

    /// Tells PostgreSQL that the holder is alive.
    async fn renew(&mut self) -> Result<(), DatabaseError> {
        let asking = diesel::sql_query("select 1").execute(&mut self.session);
        within(self.deadline, asking).await.map(|_| ())
    }
}

async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = QueryResult<T>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(deadline, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(DatabaseError::Unavailable(format!("no answer within {deadline:?}"))),
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
