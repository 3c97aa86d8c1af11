//! The data that the handlers of a service share.

use shared_models::side::Side;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, Pools};
use crate::feed::Hub;
use crate::parked::Delays;
use crate::relay::RelayHandle;
use crate::resource::Resources;
use crate::retention::RetentionCounts;

/// The data that the handlers of a service share.
#[derive(Clone)]
pub struct Service {
    /// The side that the service is.
    pub side: Side,
    /// The service's own database.
    pub database: Database,
    /// The pools of all HTTP threads.
    pub pools: Pools,
    /// The handle to the relay.
    pub relay: RelayHandle,
    /// The resources of this service.
    pub resources: Resources,
    /// The delays before a parked change is offered again.
    pub offer_delays: Delays,
    /// The number of old rows that were deleted.
    pub deleted: RetentionCounts,
    /// The hub of the feeds.
    pub hub: Hub,
    /// Cancelled when the service stops: requests that wait are to be answered.
    pub stopping: CancellationToken,
}
