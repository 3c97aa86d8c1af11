//! The right to publish for a database: a session that holds an advisory lock.
//!
//! The relay reads and deletes through this same session. So a process that has lost the lock
//! cannot delete, and a session that is lost releases the lock for another replica. PostgreSQL ends
//! the session of a holder that is frozen.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use diesel::sql_types::{BigInt, Bool};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::{RelayOptions, StepError, storage};
use crate::database::{DatabaseError, connect, in_time};
use crate::parked::offer_due;
use crate::resource::Resources;
use crate::{offers, pause};
pub(super) use storage::{Look, Waiting};

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
    resources: Resources,
}

/// The outcome of a step of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// No offer has a step that is due.
    Nothing,
    /// A number of records was offered.
    Offered { records: usize },
    /// The step failed; it is tried again later.
    Failed,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

impl Lease {
    /// Takes the lease; returns `None` while another process has it.
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
        Ok(taken.then_some(Self { session, deadline, resources: options.resources.clone() }))
    }

    /// Returns whether publishing is paused.
    pub(super) async fn is_paused(&mut self) -> Result<bool, DatabaseError> {
        Ok(within(self.deadline, pause::since(&self.session)).await?.is_some())
    }

    /// Reads the changes in the outbox that are to be published now, oldest first.
    pub(super) async fn read(&mut self, look: Look) -> Result<Vec<Waiting>, DatabaseError> {
        within(self.deadline, look.read(&mut self.session)).await
    }

    /// Deletes confirmed changes from the outbox.
    pub(super) async fn delete(&mut self, confirmed: &[i64]) -> Result<(), DatabaseError> {
        within(self.deadline, storage::delete(&mut self.session, confirmed)).await
    }

    /// Takes a step of the offer that is due next. If a statement of it fails, that is noted, and
    /// the session continues.
    pub(super) async fn advance_offer(&mut self) -> Result<Advance, DatabaseError> {
        let deadline = self.deadline;
        let (session, resources) = (&mut self.session, &self.resources);
        if !within(deadline, offers::is_any_due(session)).await? {
            return Ok(Advance::Nothing);
        }
        let mut taken = None;
        let stepping = session.transaction(async |session| {
            let Some(offer) = offers::take_next(session).await? else { return Ok(None) };
            taken = Some(offer.id);
            offers::advance(session, resources, &offer).await.map(Some)
        });
        let error = match in_time(deadline, stepping).await? {
            Ok(Some(records)) => return Ok(Advance::Offered { records }),
            Ok(None) => return Ok(Advance::Nothing),
            Err(error) => error.to_string(),
        };
        let Some(id) = taken else {
            tracing::warn!(error, "no offer could be taken; this is tried again later");
            self.renew().await?;
            return Ok(Advance::Failed);
        };
        let noting = session.transaction(async |it| offers::failed(it, id, &error).await);
        match in_time(deadline, noting).await? {
            Ok(Some(1)) => {
                tracing::warn!(offer = id, error, "an offer failed; it is tried again later");
            }
            Ok(_) => {}
            Err(untold) => {
                tracing::warn!(offer = id, error, %untold, "an offer failed, which was not noted");
                self.renew().await?;
            }
        }
        Ok(Advance::Failed)
    }

    /// Offers the due parked changes again; returns whether there may be more. The inner error is
    /// that of a statement; the session continues.
    pub(super) async fn offer_parked(
        &mut self,
    ) -> Result<Result<bool, diesel::result::Error>, DatabaseError> {
        let (session, resources) = (&mut self.session, &self.resources);
        let offering = session.transaction(async |session| offer_due(session, resources).await);
        match in_time(self.deadline, offering).await? {
            Ok(more) => Ok(Ok(more)),
            Err(error) => {
                self.renew().await?;
                Ok(Err(error))
            }
        }
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
