//! What the handlers of a service share.

use crate::database::Database;
use crate::relay::RelayHandle;

/// What the handlers of a service share.
#[derive(Clone)]
pub struct Service {
    /// The service's own database.
    pub database: Database,
    /// Who publishes what was committed.
    pub relay: RelayHandle,
}
