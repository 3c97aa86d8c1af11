//! The service's own PostgreSQL database: connections, deadlines, migrations.

mod common;
mod connect;
mod error;
mod json;
mod migrate;
mod observer;
mod outcome;
mod parts;
mod prepare;
pub(crate) mod schema;
mod tables;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use diesel::result::Error as QueryError;
pub use diesel_async::pooled_connection::deadpool::BuildError;
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use common::Common;
pub use connect::connect;
pub use error::DatabaseError;
pub use json::Json;
pub use migrate::{MigrateError, migrate};
pub use observer::Observer;
pub(crate) use outcome::PAUSE;
use parts::Parts;
pub(crate) use prepare::prepare;

use crate::settings::DatabaseSettings;

type Transactions = AnsiTransactionManager;

/// Connections to the service's database.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    /// The part of the pool that those may take who read many rows.
    reading: Arc<Semaphore>,
    common: Common,
    observer: Observer,
    /// How long a reader waits for a part of the pool.
    patience: Duration,
    deadline: Duration,
    state: watch::Receiver<State>,
}

/// Whether the tables are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet, for this reason.
    Preparing(String),
    /// This program can serve from them.
    Prepared,
}

impl Database {
    /// Makes the pool. It connects when it is first used.
    ///
    /// A connection is driven by the thread that made it: were it used by another one, each
    /// statement would wake the two in turn. So each of `threads` that serve has a pool of its own.
    pub fn for_one_of(
        threads: NonZeroUsize,
        settings: &DatabaseSettings,
        name: &'static str,
        state: watch::Receiver<State>,
        observer: Observer,
    ) -> Result<Self, BuildError> {
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // A connection that broke tells so at its next use, which may be tried again; asking each
        // time whether it is alive would cost a round trip for every request.
        config.recycling_method = RecyclingMethod::Fast;
        let shared = Arc::new(settings.clone());
        let common = Common::new(Arc::clone(&shared), name);
        config.custom_setup = Box::new(move |_| {
            let settings = Arc::clone(&shared);
            Box::pin(async move { connect(&settings, name).await })
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let Parts { all, reading } = Parts::of(settings.pool_size, threads);
        let pool = Pool::builder(manager).max_size(all).build()?;
        let reading = Arc::new(Semaphore::new(reading));
        let (patience, deadline) = (settings.connect_timeout, settings.deadline);
        Ok(Self { pool, reading, common, observer, patience, deadline, state })
    }

    /// Whether the tables are there.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Does `work` with a connection, which is to read, or to write what may be written twice.
    /// However long PostgreSQL is silent, this ends.
    pub async fn with<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.lend(work, DatabaseError::Unavailable).await
    }

    /// Does `work`, of which one statement writes, without a transaction around it.
    pub async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        let writing = async |connection: &mut _| match work(connection).await {
            Ok(done) => Ok(done),
            Err(error) => Err(outcome::of_write(connection, error).await),
        };
        self.lend(writing, DatabaseError::OutcomeUnknown).await
    }

    /// Does `work` with a connection; `silent` is the error where that was not answered in time.
    async fn lend<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
        silent: impl FnOnce(String) -> DatabaseError,
    ) -> Result<T, E> {
        self.check_prepared()?;
        let until = Instant::now() + self.deadline;
        let connection = timeout_at(until, self.pool.get()).await;
        let connection = connection.map_err(|_| DatabaseError::Unavailable(self.silence()))?;
        let mut connection =
            connection.map_err(|error| DatabaseError::Unavailable(reason_of(&error)))?;
        if let Ok(done) = timeout_at(until, work(&mut connection)).await {
            return done;
        }
        // PostgreSQL may still be busy with the last statement: the next who gets the connection
        // would wait for that.
        drop(Object::take(connection));
        Err(silent(self.silence()).into())
    }

    /// Reads many rows with a connection of the part of the pool that is for this: however many read,
    /// and however slowly, the rest is left to those who write and to the worker.
    pub async fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let waiting = tokio::time::timeout(self.patience, self.reading.acquire());
        let _permit = waiting.await.map_err(|_| DatabaseError::TooManyReaders)?;
        self.with(work).await
    }

    /// Asks something that PostgreSQL answers at once, on the connection on which all callers of this
    /// thread ask: who comes later waits for the answer too.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.ask_on(&self.common, self.deadline, question).await
    }

    /// Asks how much waits, or what goes on: nothing that a table's size or a caller could slow down.
    /// No caller's connection is needed for it.
    pub async fn observe<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.ask_on(&self.observer.figures, self.deadline, question).await
    }

    /// Whether the database answers at all within `patience`.
    pub async fn probe(&self, patience: Duration) -> Result<(), DatabaseError> {
        let question = async |connection: &AsyncPgConnection| {
            let nothing = diesel::sql_query("select 1");
            RunQueryDsl::execute(nothing, &mut &*connection).await.map(|_| ())
        };
        self.ask_on(&self.observer.probe, patience, question).await
    }

    async fn ask_on<T>(
        &self,
        common: &Common,
        deadline: Duration,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, DatabaseError> {
        self.check_prepared()?;
        let connected = common.get();
        let asking = async {
            let connection = connected.clone().await.map_err(DatabaseError::Unavailable)?;
            question(&connection).await.map_err(DatabaseError::from)
        };
        let answer = in_time(deadline, asking).await.flatten();
        if matches!(answer, Err(DatabaseError::Unavailable(_))) {
            common.forget(&connected);
        }
        answer
    }

    fn check_prepared(&self) -> Result<(), DatabaseError> {
        match self.state() {
            State::Preparing(reason) => Err(DatabaseError::Unavailable(reason)),
            State::Prepared => Ok(()),
        }
    }

    /// Waits for something, but no longer than for the database.
    pub async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, DatabaseError> {
        in_time(self.deadline, answer).await
    }

    fn silence(&self) -> String {
        format!("no answer within {:?}", self.deadline)
    }

    /// Does `work` in a transaction: all of it, or nothing. Whatever ends it before its `COMMIT`
    /// proves that nothing was written.
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
                    // Where this fails too, the pool drops the connection, and PostgreSQL rolls
                    // back.
                    let _ = Transactions::rollback_transaction(connection).await;
                    Err(error)
                }
            }
        };
        let silent = |silence| match commits.get() {
            true => DatabaseError::OutcomeUnknown(silence),
            false => DatabaseError::Unavailable(silence),
        };
        self.lend(working, silent).await
    }
}

/// The answer, unless the database is silent for longer.
pub(crate) async fn in_time<T>(
    deadline: Duration,
    answer: impl Future<Output = T>,
) -> Result<T, DatabaseError> {
    let answer = tokio::time::timeout(deadline, answer).await;
    answer.map_err(|_| DatabaseError::Unavailable(format!("no answer within {deadline:?}")))
}

fn reason_of(error: &PoolError) -> String {
    match error {
        PoolError::Backend(cause) => cause.to_string(),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => error.to_string(),
    }
}
