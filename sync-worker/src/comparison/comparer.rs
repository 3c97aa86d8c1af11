//! Compares one direction for as long as the worker runs.

use std::sync::Arc;

use tokio::sync::watch;

use super::boundaries::Boundaries;
use super::comparing::Comparing;
use super::looker::Looker;
use crate::carrying::stop::Stop;
use crate::figures::Figures;
use crate::settings::WorkerSettings;
use crate::side_client::{BuildError, SideClient};

/// Compares the changes of one source with what its peer has.
pub struct Comparer {
    looker: Looker,
    comparing: Comparing,
    stop: Stop,
}

/// The reason why nothing is compared at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held(pub(super) String);

impl Comparer {
    /// Creates a comparer for the direction of `figures`; `opposite` belongs to the other
    /// direction.
    pub fn new(
        settings: &WorkerSettings,
        figures: Arc<Figures>,
        opposite: Arc<Figures>,
        stop: Stop,
    ) -> Result<Self, BuildError> {
        let (sides, direction) = (settings.sides(), figures.direction);
        let source = SideClient::new(direction.from, &sides)?;
        let peer = SideClient::new(direction.to(), &sides)?;
        let (sender, receiver) = watch::channel(None);
        let looker = Looker {
            source: source.clone(),
            figures: Arc::clone(&figures),
            interval: settings.compare.interval,
            looks: sender,
            boundaries: Boundaries::default(),
            newest: None,
        };
        let settings = settings.compare.clone();
        let comparing = Comparing::new(source, peer, settings, [figures, opposite], receiver);
        Ok(Self { looker, comparing, stop })
    }

    /// Compares until asked to stop.
    pub async fn run(self) {
        let Self { looker, comparing, stop } = self;
        let asked = stop.asked;
        if !comparing.settings.enabled {
            comparing.figures.comparison(|it| it.waits(Some("it is switched off")));
            return asked.cancelled().await;
        }
        let both = async { tokio::join!(looker.run(), comparing.run()) };
        asked.run_until_cancelled(both).await;
    }
}

impl From<String> for Held {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}
