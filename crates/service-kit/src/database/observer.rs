//! The connections for observing a program: three for the whole program, apart from the pool, so that
//! callers never delay an observer.

use std::sync::Arc;

use super::DatabaseSettings;
use super::shared_connection::SharedConnection;

/// The connections for observing a program.
#[derive(Clone)]
pub struct Observer {
    /// The connection that only asks whether the database answers: a query that waits for a lock on
    /// another one does not hold it up.
    pub(super) probe: SharedConnection,
    /// The connection for the backlog, the pause and the offers under way.
    pub(super) figures: SharedConnection,
    /// The connection that reads the end of the log for all followers of the feeds.
    pub(super) feed: SharedConnection,
}

impl Observer {
    /// Creates the observer, which connects when first used; PostgreSQL shows its sessions as
    /// `name`.
    #[must_use]
    pub fn new(settings: &DatabaseSettings, name: &'static str) -> Self {
        let settings = Arc::new(settings.clone());
        let probe = SharedConnection::new(Arc::clone(&settings), name);
        let figures = SharedConnection::new(Arc::clone(&settings), name);
        let feed = SharedConnection::new(settings, name).planning_once();
        Self { probe, figures, feed }
    }
}
