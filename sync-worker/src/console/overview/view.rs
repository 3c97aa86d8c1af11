//! The figures of both directions at one moment, as the overview shows them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join;
use serde::Deserialize;
use shared_models::side::Side;

use crate::audit::{Audits, NewestReceipt};
use crate::figures::{Figures, Lag, Snapshot};
use crate::side_client::{RelayCommand, SideClient};

/// Both directions at one moment.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The moment.
    pub(crate) at: DateTime<Utc>,
    /// The direction from each side, the store's first.
    pub(crate) lanes: [Lane; 2],
    /// The newest receipt of an audit, if there is one.
    pub(crate) receipt: Option<NewestReceipt>,
    /// The time after which comparing is late.
    pub(crate) compare_within: Duration,
}

/// A direction at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// The worker's figures.
    pub(crate) snapshot: Snapshot,
    /// The time since which its state has had its name.
    pub(crate) since: DateTime<Utc>,
    /// The lag of the changes that were carried.
    pub(crate) lag: Lag,
    /// The relay of its source, or the reason why it does not answer.
    pub(crate) relay: Result<Relay, String>,
}

/// The relay of a side.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Relay {
    pub(crate) state: String,
    pub(crate) detail: Option<String>,
    pub(crate) paused_since: Option<DateTime<Utc>>,
    pub(crate) waiting: u64,
    pub(crate) approximate: bool,
    pub(crate) oldest: Option<DateTime<Utc>>,
    pub(crate) parked: u64,
    /// A service of an older version does not tell.
    #[serde(default)]
    pub(crate) dropped_at: Option<DateTime<Utc>>,
}

/// Where the figures come from.
pub(crate) struct Origin {
    pub(crate) figures: [Arc<Figures>; 2],
    /// The worker's own clients of the sides: the store's, the warehouse's.
    pub(crate) sides: [SideClient; 2],
    pub(crate) audits: Audits,
    pub(crate) compare_interval: Duration,
}

impl Origin {
    /// Reads the figures of this moment.
    pub(crate) async fn view(&self) -> View {
        let [store, warehouse] = &self.sides;
        let (of_store, of_warehouse) = join(relay(store), relay(warehouse)).await;
        let [first, second] = &self.figures;
        let lane = |figures: &Figures, relay| Lane {
            snapshot: figures.snapshot(),
            since: figures.state_since(),
            lag: figures.lag(),
            relay,
        };
        View {
            at: Utc::now(),
            lanes: [lane(first, of_store), lane(second, of_warehouse)],
            receipt: self.audits.figures().newest().flatten(),
            // As the alert has it.
            compare_within: Duration::from_secs(60) + 3 * self.compare_interval,
        }
    }
}

async fn relay(side: &SideClient) -> Result<Relay, String> {
    let shown = side.relay(RelayCommand::Show).await.map_err(|error| error.to_string())?;
    serde_json::from_value(shown)
        .map_err(|error| format!("the {}: its answer is invalid: {error}", side.side()))
}

impl View {
    /// Returns the direction from a side.
    pub(crate) const fn from(&self, side: Side) -> &Lane {
        let [store, warehouse] = &self.lanes;
        match side {
            Side::Store => store,
            Side::Warehouse => warehouse,
        }
    }
}

impl Lane {
    /// Returns the number of changes that wait at the source and in the queue, as far as known.
    pub(crate) fn waiting(&self) -> u64 {
        let at_source = self.relay.as_ref().map_or(0, |relay| relay.waiting);
        at_source + u64::from(self.snapshot.depth.as_ref().map_or(0, |depth| depth.queue))
    }

    /// Returns the reason why the peer takes no changes, if so.
    pub(crate) fn peer_unavailable(&self) -> Option<&str> {
        let reason = self.snapshot.reason.as_deref();
        reason.filter(|_| self.snapshot.state == "waiting for the peer")
    }
}
