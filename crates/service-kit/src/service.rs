//! The data that the handlers of a service share.

use shared_models::side::Side;

use crate::database::Database;
use crate::parked::Delays;
use crate::relay::RelayHandle;
use crate::resource::Resources;

/// The data that the handlers of a service share.
#[derive(Clone)]
pub struct Service {
    /// The side that the service is.
    pub side: Side,
    /// The service's own database.
    pub database: Database,
    /// The handle to the relay.
    pub relay: RelayHandle,
    /// The resources of this service.
    pub resources: Resources,
    /// The delays before a parked change is offered again.
    pub offer_delays: Delays,
}
