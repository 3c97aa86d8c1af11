//! Comparing a source's recent changes with what its peer has, and recovering what was lost on the
//! way.
//!
//! ```text
//! source: which orders changed up to a boundary? ─▶ peer: what are their states there?
//!     differences ─▶ all of that published, and a grace passed ─▶ both asked again
//!     lost ─▶ offered again by the side that has it ─▶ the boundary is saved at the source
//! ```
//!
//! `boundaries`, `progress`, `judging`, `repeats` and `pace` decide, and know no clock and
//! no HTTP; `comparing` and `recovery` act. The end of the log is polled at its interval, and
//! reading goes on while differences wait for the second check. A crash at any point repeats a range
//! of the log and skips none; an extra offer does no harm.

pub mod boundaries;
mod comparing;
pub mod judging;
pub mod pace;
pub mod progress;
mod recovery;
pub mod repeats;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use shared_models::comparison::LogState;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::figures::Figures;
use crate::settings::WorkerSettings;
use crate::side_client::{BuildError, SideClient};

use boundaries::{Boundaries, Boundary};
use comparing::Comparing;

/// Compares the changes of one source with what its peer has, for as long as the worker runs.
pub struct Comparer {
    log_poll: LogPoll,
    comparing: Comparing,
    stop: CancellationToken,
}

/// The reason why nothing is compared at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Blocked(String);

impl From<String> for Blocked {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl Comparer {
    /// Creates a comparer for the direction of `figures`; `opposite` belongs to the other
    /// direction.
    pub fn new(
        settings: &WorkerSettings,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        stop: CancellationToken,
    ) -> Result<Self, BuildError> {
        let (sides, direction) = (settings.sides(), figures.direction);
        let source = SideClient::new(direction.from, &sides)?;
        let peer = SideClient::new(direction.to(), &sides)?;
        let (sender, receiver) = watch::channel(None);
        let log_poll = LogPoll {
            source: source.clone(),
            figures: Arc::clone(&figures),
            interval: settings.compare.interval,
            latest: sender,
            boundaries: Boundaries::default(),
        };
        let settings = settings.compare.clone();
        let comparing = Comparing::new(source, peer, settings, [figures, opposite], receiver);
        Ok(Self { log_poll, comparing, stop })
    }

    /// Compares until asked to stop.
    pub async fn run(self) {
        let Self { log_poll, comparing, stop } = self;
        if !comparing.settings.enabled {
            let reason = Some("it is switched off");
            comparing.figures.update_comparison(|comparison| comparison.set_waits_for(reason));
            return stop.cancelled().await;
        }
        let both = async { tokio::join!(log_poll.run(), comparing.run()) };
        stop.run_until_cancelled(both).await;
    }
}

/// The state of a log at one moment.
#[derive(Clone, Debug)]
struct PolledLog {
    /// The time at which the side was asked.
    asked: Instant,
    state: LogState,
    /// The place up to which everything is visible, once there is one.
    boundary: Option<Boundary>,
    /// How often the log was found to be another one.
    restarts: u64,
    /// The time since which the next boundary has waited for transactions to end.
    waiting_since: Option<DateTime<Utc>>,
}

impl PolledLog {
    /// Returns the place before the oldest unconfirmed change, up to a boundary: later changes are
    /// on their way.
    fn published_to(&self, boundary: Boundary) -> i64 {
        let published = self.state.unpublished.map(|oldest| oldest - 1);
        published.map_or(boundary.place, |published| published.min(boundary.place))
    }
}

/// The result of the latest poll, once there was one.
type LatestPoll = Option<Result<PolledLog, Blocked>>;

/// Polls the end of a source's log every interval, however long comparing takes meanwhile.
struct LogPoll {
    source: SideClient,
    figures: Arc<Figures>,
    interval: Duration,
    latest: watch::Sender<LatestPoll>,
    boundaries: Boundaries,
}

impl LogPoll {
    async fn run(mut self) {
        loop {
            let next = Instant::now() + self.interval;
            let polled = self.poll().await;
            self.latest.send_replace(Some(polled));
            sleep_until(next).await;
        }
    }

    async fn poll(&mut self) -> Result<PolledLog, Blocked> {
        // The answer may be older than its arrival, and is never older than the request.
        let (asked, at) = (Instant::now(), Utc::now());
        let state = self.source.log_state(self.boundaries.newest()).await?;
        let boundary = self.boundaries.update(&state, at);
        self.figures.update_comparison(|comparison| comparison.set_log(&state));
        let restarts = self.boundaries.restarts();
        let waiting_since = self.boundaries.waiting_since();
        Ok(PolledLog { asked, state, boundary, restarts, waiting_since })
    }
}
