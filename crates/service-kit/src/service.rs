//! The data that the handlers of a service share.

use crate::database::Database;
use crate::parked::Waits;
use crate::relay::RelayHandle;

/// The data that the handlers of a service share.
#[derive(Clone)]
pub struct Service {
    /// The service's own database.
    pub database: Database,
    /// The handle to the relay.
    pub relay: RelayHandle,
    /// The waits of a change that could not be carried before it is offered again.
    pub waits: Waits,
}
