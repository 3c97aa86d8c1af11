//! The use of the pools of a program.

use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool;

use super::Database;

/// The pools of all HTTP threads.
#[derive(Clone)]
pub struct Pools(Arc<[Pool<AsyncPgConnection>]>);

/// The use of the pools at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that are lent.
    pub in_use: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// The most connections.
    pub max: usize,
    /// Requests that wait for a connection, or for its being opened.
    pub waiting: usize,
}

impl Pools {
    /// Returns the pools of these databases.
    #[must_use]
    pub fn of(databases: &[Database]) -> Self {
        Self(databases.iter().map(|database| database.pool.clone()).collect())
    }

    /// Returns their use at this moment.
    #[must_use]
    pub fn now(&self) -> PoolUse {
        self.0.iter().map(Pool::status).fold(PoolUse::default(), |sum, pool| PoolUse {
            in_use: sum.in_use + pool.size.saturating_sub(pool.available),
            idle: sum.idle + pool.available,
            max: sum.max + pool.max_size,
            waiting: sum.waiting + pool.waiting,
        })
    }
}
