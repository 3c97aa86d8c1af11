//! The service's own PostgreSQL database: connections, deadlines, migrations.

mod closing;
mod connect;
mod error;
mod migrate;
mod observer;
mod outcome;
mod parts;
mod pools;
mod prepare;
mod readers;
pub(crate) mod schema;
mod settings;
mod shared_connection;
mod tables;
mod url;
mod values;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use diesel::result::Error as QueryError;
pub use diesel_async::pooled_connection::deadpool::BuildError;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager};
use scopeguard::{ScopeGuard, guard};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use closing::close_when_over;
pub use connect::connect;
pub use error::DatabaseError;
pub use migrate::{MigrateError, Migrations, migrate};
pub use observer::Observer;
pub use outcome::PAUSE;
use parts::Parts;
pub use pools::{PoolUse, Pools};
pub(crate) use prepare::prepare;
use readers::Readers;
pub use readers::Scans;
pub use settings::DatabaseSettings;
use shared_connection::SharedConnection;
pub use url::DatabaseUrl;
pub use values::{Json, now};

type Transactions = AnsiTransactionManager;

/// Connections to the service's database.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    readers: Readers,
    shared: SharedConnection,
    observer: Observer,
    /// The timeout of waiting to read many rows.
    read_timeout: Duration,
    deadline: Duration,
    state: watch::Receiver<State>,
}

/// The state of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The tables are not ready yet, for this reason.
    Preparing(String),
    /// The tables are as this program needs them.
    Prepared,
}

impl Database {
    /// Builds the pool of one HTTP thread. It connects when first used.
    ///
    /// A connection is driven by the thread that opened it: if another one used it, each statement
    /// would wake both threads alternately. So each of `threads` has a pool of its own.
    pub fn for_one_of(
        threads: NonZeroUsize,
        settings: &DatabaseSettings,
        name: &'static str,
        state: watch::Receiver<State>,
        observer: Observer,
        scans: Scans,
    ) -> Result<Self, BuildError> {
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // A broken connection fails at its next use, which may be retried; checking each time
        // whether it is alive would cost a round trip for every request.
        config.recycling_method = RecyclingMethod::Fast;
        let of_pool = Arc::new(settings.clone());
        let shared = SharedConnection::new(Arc::clone(&of_pool), name);
        config.custom_setup = Box::new(move |_| {
            let settings = Arc::clone(&of_pool);
            Box::pin(async move { connect(&settings, name).await })
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let Parts { all, reading } = Parts::of(settings.pool_size, threads);
        let pool = Pool::builder(manager).max_size(all).build()?;
        let readers = Readers::new(reading, scans);
        let (read_timeout, deadline) = (settings.connect_timeout, settings.deadline);
        Ok(Self { pool, readers, shared, observer, read_timeout, deadline, state })
    }

    /// Returns the state of the tables.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Runs `work` with a connection: a read. Ends at the deadline, even if PostgreSQL does not answer.
    pub async fn with<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.lend((), work, DatabaseError::Unavailable).await
    }

    /// Runs `work`, of which one statement writes, without a transaction around it. If a statement
    /// after that one fails, the error proves no rollback, whatever its kind.
    pub async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        let writing = async |connection: &mut _| match work(connection).await {
            Ok(done) => Ok(done),
            Err(error) => Err(outcome::of_write(connection, error).await),
        };
        self.lend((), writing, DatabaseError::OutcomeUnknown).await
    }

    /// Runs `work` with a connection; `timed_out` makes the error of a missing answer. The permits are
    /// held until its last statement is over, but not for long after the deadline.
    async fn lend<T, E: From<DatabaseError>>(
        &self,
        permits: impl Send + 'static,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
        timed_out: impl FnOnce(String) -> DatabaseError,
    ) -> Result<T, E> {
        self.check_prepared()?;
        let until = Instant::now() + self.deadline;
        let connection = timeout_at(until, self.pool.get()).await;
        let connection = connection.map_err(|_| DatabaseError::Unavailable(self.no_answer()))?;
        let connection = connection.map_err(DatabaseError::from)?;
        // Dropped before the work is over, at the deadline or because its caller is gone, the
        // connection has a statement under way, for which its next user would wait, or an open
        // transaction with its locks.
        let deadline = self.deadline;
        let mut lent = guard((connection, permits), |lent| close_when_over(lent, deadline));
        match timeout_at(until, work(&mut lent.0)).await {
            Ok(done) => {
                drop(ScopeGuard::into_inner(lent));
                done
            }
            Err(_) => Err(timed_out(self.no_answer()).into()),
        }
    }

    /// Reads many rows, which an index finds, with one of the permits for this: however many callers
    /// read, and however slowly, the other connections are left to writers and to the worker.
    pub async fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let permit = self.readers.acquire_read(self.read_timeout).await?;
        self.lend(permit, work, DatabaseError::Unavailable).await
    }

    /// Scans many rows for some, with a permit of the whole program as well: cores
    /// are left to the others, too.
    pub async fn scan<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let permits = self.readers.acquire_scan(self.read_timeout).await?;
        self.lend(permits, work, DatabaseError::Unavailable).await
    }

    /// Runs a quick query on the connection that all callers of this thread share: a later caller
    /// waits for the earlier answers too.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.ask_on(&self.shared, self.deadline, question).await
    }

    /// Runs a query about the state of the service, whose cost depends on no table's size. It takes
    /// no connection from the pool.
    pub async fn observe<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.observe_within(self.deadline, question).await
    }

    /// Runs such a query within `timeout`. A connection that is silent for longer is replaced.
    pub async fn observe_within<T>(
        &self,
        timeout: Duration,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.ask_on(&self.observer.figures, timeout, question).await
    }

    /// Reads the end of the log, on the connection that all followers of the program share.
    pub(crate) async fn read_end_of_log<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.ask_on(&self.observer.feed, self.deadline, question).await
    }

    /// Checks whether the database answers within `timeout`.
    pub async fn probe(&self, timeout: Duration) -> Result<(), DatabaseError> {
        let question = async |connection: &AsyncPgConnection| {
            let nothing = diesel::sql_query("select 1");
            RunQueryDsl::execute(nothing, &mut &*connection).await.map(|_| ())
        };
        self.ask_on(&self.observer.probe, timeout, question).await
    }

    async fn ask_on<T>(
        &self,
        on: &SharedConnection,
        deadline: Duration,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.check_prepared()?;
        let connected = on.get();
        let asking = async {
            let connection = connected.clone().await.map_err(DatabaseError::Unavailable)?;
            question(&connection).await.map_err(DatabaseError::from)
        };
        let answer = in_time(deadline, asking).await.flatten();
        if matches!(answer, Err(DatabaseError::Unavailable(_))) {
            on.forget(&connected);
        }
        answer
    }

    fn check_prepared(&self) -> Result<(), DatabaseError> {
        match self.state() {
            State::Preparing(reason) => Err(DatabaseError::Unavailable(reason)),
            State::Prepared => Ok(()),
        }
    }

    /// Waits for `answer`, at most until the deadline of the database.
    pub async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, DatabaseError> {
        in_time(self.deadline, answer).await
    }

    fn no_answer(&self) -> String {
        format!("the database did not answer within {:?}", self.deadline)
    }

    /// Runs `work` in a transaction. An error before its `COMMIT` proves that nothing was written.
    pub async fn transaction<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let commits = Cell::new(false);
        let working = async |connection: &mut _| {
            Transactions::begin_transaction(connection).await.map_err(DatabaseError::from)?;
            match work(connection).await {
                Ok(done) => {
                    commits.set(true);
                    match Transactions::commit_transaction(connection).await {
                        Ok(()) => Ok(done),
                        Err(error) => Err(outcome::of_write(connection, error).await.into()),
                    }
                }
                Err(error) => {
                    // If this fails too, the pool drops the connection, and PostgreSQL rolls back.
                    let _ = Transactions::rollback_transaction(connection).await;
                    Err(error)
                }
            }
        };
        let timed_out = |reason| match commits.get() {
            true => DatabaseError::OutcomeUnknown(reason),
            false => DatabaseError::Unavailable(reason),
        };
        self.lend((), working, timed_out).await
    }
}

/// Waits for `answer`, at most until the deadline.
pub(crate) async fn in_time<T>(
    deadline: Duration,
    answer: impl Future<Output = T>,
) -> Result<T, DatabaseError> {
    let answer = tokio::time::timeout(deadline, answer).await;
    answer.map_err(|_| {
        DatabaseError::Unavailable(format!("the database did not answer within {deadline:?}"))
    })
}
