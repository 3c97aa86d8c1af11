//! A connection that many callers share: their statements are pipelined, and answered one after the
//! other. The savings: docs/decisions/0013.

use std::sync::{Arc, Mutex, PoisonError};

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use super::DatabaseSettings;
use super::connect::{Planning, connect_planning};

/// A connection, or the attempt to open it; all who await it get the same result.
pub(super) type Connected = Shared<BoxFuture<'static, Result<Arc<AsyncPgConnection>, String>>>;

/// The connection that the callers of one thread share, opened by the first query.
#[derive(Clone)]
pub(super) struct SharedConnection {
    settings: Arc<DatabaseSettings>,
    name: &'static str,
    planning: Planning,
    connected: Arc<Mutex<Option<Connected>>>,
}

impl SharedConnection {
    pub(super) fn new(settings: Arc<DatabaseSettings>, name: &'static str) -> Self {
        Self { settings, name, planning: Planning::Usual, connected: Arc::default() }
    }

    /// Has each statement planned once.
    pub(super) fn planning_once(self) -> Self {
        Self { planning: Planning::Once, ..self }
    }

    /// Returns the connection, which may still be being opened.
    pub(super) fn get(&self) -> Connected {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.get_or_insert_with(|| self.connect()).clone()
    }

    fn connect(&self) -> Connected {
        let (settings, name, planning) = (Arc::clone(&self.settings), self.name, self.planning);
        let connecting = async move {
            let made = connect_planning(&settings, name, planning).await;
            made.map(Arc::new).map_err(|error| error.to_string())
        };
        connecting.boxed().shared()
    }

    /// Forgets a broken connection: the next query opens another one.
    pub(super) fn forget(&self, broken: &Connected) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.take_if(|connected| connected.ptr_eq(broken));
    }
}
