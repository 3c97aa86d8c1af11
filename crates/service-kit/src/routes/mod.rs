//! The routes that every service has, whatever its records are: offers, the relay, parked changes,
//! health, metrics.

mod offers;
mod parked;
mod relay;

use program_kit::http::endpoints::Routes;
use program_kit::http::{health, metrics as exposition};

use crate::{metrics, readiness};

/// The routes that every service has.
#[must_use]
pub fn common() -> Routes {
    Routes::default()
        .and(offers::offers())
        .and(relay::relay())
        .and(parked::parked())
        .and(health::routes(readiness::ready))
        .and(exposition::routes(metrics::answer))
}
