//! One connection on which many ask at once: their statements go out together, and are answered one
//! after the other. What that saves: docs/decisions/0013.

use std::sync::{Arc, Mutex, PoisonError};

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use super::connect;
use crate::settings::DatabaseSettings;

/// A connection, at the latest when it is made; all who wait for it learn what became of it.
pub(super) type Connected = Shared<BoxFuture<'static, Result<Arc<AsyncPgConnection>, String>>>;

/// The connection that the callers of one thread have in common, once one has asked.
#[derive(Clone)]
pub(super) struct Common {
    settings: Arc<DatabaseSettings>,
    name: &'static str,
    connected: Arc<Mutex<Option<Connected>>>,
}

impl Common {
    pub(super) fn new(settings: Arc<DatabaseSettings>, name: &'static str) -> Self {
        Self { settings, name, connected: Arc::default() }
    }

    /// The connection, or one that is yet to be made.
    pub(super) fn get(&self) -> Connected {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.get_or_insert_with(|| self.connect()).clone()
    }

    fn connect(&self) -> Connected {
        let (settings, name) = (Arc::clone(&self.settings), self.name);
        let connecting = async move {
            let made = connect(&settings, name).await;
            made.map(Arc::new).map_err(|error| error.to_string())
        };
        connecting.boxed().shared()
    }

    /// Forgets a connection: whoever asks next makes another one.
    pub(super) fn forget(&self, broken: &Connected) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.take_if(|connected| connected.ptr_eq(broken));
    }
}
