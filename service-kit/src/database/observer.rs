//! The connections by which a program is observed: two for the whole program, apart from the pool, so
//! that no number of callers stands between an observer and the answer.

use std::sync::Arc;

use super::common::Common;
use crate::settings::DatabaseSettings;

/// The connections by which a program is observed.
#[derive(Clone)]
pub struct Observer {
    /// Asks whether the database answers at all, and nothing else: what waits for a lock on the other
    /// one is not in its way.
    pub(super) probe: Common,
    /// Asks how much waits, what is paused, which offers are under way.
    pub(super) figures: Common,
}

impl Observer {
    /// Connects when it is first used; PostgreSQL shows the sessions as those of `name`.
    #[must_use]
    pub fn new(settings: &DatabaseSettings, name: &'static str) -> Self {
        let settings = Arc::new(settings.clone());
        let probe = Common::new(Arc::clone(&settings), name);
        Self { probe, figures: Common::new(settings, name) }
    }
}
