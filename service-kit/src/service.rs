//! What the handlers of a service share.

use crate::database::Database;
use crate::relay::RelayHandle;
use crate::settings::Waits;

/// What the handlers of a service share.
#[derive(Clone)]
pub struct Service {
    /// The service's own database.
    pub database: Database,
    /// Who publishes what was committed.
    pub relay: RelayHandle,
    /// How long a change that could not be carried waits before it is offered again.
    pub waits: Waits,
}
