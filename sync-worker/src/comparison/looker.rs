//! Looks at the end of a source's log every interval, however long comparing takes meanwhile.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use shared_models::comparison::LogState;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::boundaries::{Boundaries, Boundary};
use super::comparer::Held;
use crate::figures::Figures;
use crate::side_client::SideClient;

/// The state of a log at one moment.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// The time at which the side was asked.
    pub(super) asked: Instant,
    pub(super) log: LogState,
    /// The place up to which everything is visible, once there is one.
    pub(super) boundary: Option<Boundary>,
    /// The time since which the next boundary has waited for transactions to end.
    pub(super) waits_since: Option<DateTime<Utc>>,
}

impl Look {
    /// Returns the place before the oldest unconfirmed change, up to a boundary: later changes are
    /// on their way.
    pub(super) fn published_to(&self, boundary: Boundary) -> i64 {
        let published = self.log.unpublished.map(|oldest| oldest - 1);
        published.map_or(boundary.place, |published| published.min(boundary.place))
    }
}

/// The last look, once there was one.
pub(super) type Looked = Option<Result<Look, Held>>;

/// Looks at one log.
pub(super) struct Looker {
    pub(super) source: SideClient,
    pub(super) figures: Arc<Figures>,
    pub(super) interval: Duration,
    pub(super) looks: watch::Sender<Looked>,
    pub(super) boundaries: Boundaries,
    /// The newest place at the previous look: no boundary is beyond it.
    pub(super) newest: Option<i64>,
}

impl Looker {
    /// Looks for as long as the worker runs.
    pub(super) async fn run(mut self) {
        loop {
            let next = Instant::now() + self.interval;
            let look = self.look().await;
            self.looks.send_replace(Some(look));
            sleep_until(next).await;
        }
    }

    async fn look(&mut self) -> Result<Look, Held> {
        // The answer may be older than its arrival, and is never older than the question.
        let (asked, at) = (Instant::now(), Utc::now());
        let log = self.source.log_state(self.newest).await?;
        self.newest = Some(log.newest);
        let boundary = self.boundaries.look(&log, at);
        self.figures.comparison(|comparison| comparison.looked(&log));
        Ok(Look { asked, log, boundary, waits_since: self.boundaries.waits_since() })
    }
}
