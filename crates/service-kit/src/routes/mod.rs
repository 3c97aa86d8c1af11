//! The routes that every service has, whatever its records are: feeds, offers, the relay, parked changes,
//! jobs, health, metrics.

mod describe;
mod describe_jobs;
mod feed;
mod jobs;
mod offers;
mod parked;
mod relay;

use program_kit::http::endpoints::Routes;
use program_kit::http::{health, metrics as exposition};

pub(crate) use feed::feeds;

use crate::{metrics, readiness};

/// The routes that every service has.
#[must_use]
pub(crate) fn common() -> Routes {
    Routes::default()
        .and(offers::offers())
        .and(relay::relay())
        .and(parked::parked())
        .and(jobs::jobs())
        .and(health::routes(readiness::ready))
        .and(exposition::routes(metrics::answer))
        .expecting(expectation)
}

/// Returns the valid values of a field of these routes.
fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "all" => Some("true, or no such field"),
        "since" => Some("a time such as 2026-11-28T09:30:00Z"),
        "resource" => Some("the name of a resource of this service"),
        "ids" => Some("a list of ids"),
        "job" | "task" => Some("1 to 64 lowercase letters, digits, _ and -"),
        "run" => Some("the id of a run, a UUID"),
        "hold" => Some("1 to 3600 seconds"),
        "refused" => Some("a list of up to 100 records"),
        _ => None,
    }
}
