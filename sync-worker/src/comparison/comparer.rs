//! Compares one direction again every interval, for as long as the worker runs.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::sleep;

use super::boundaries::{Boundaries, Boundary};
use super::repeats::Repeats;
use crate::carrying::stop::Stop;
use crate::figures::Figures;
use crate::settings::{CompareSettings, WorkerSettings};
use crate::site_client::{BuildError, SiteClient};

/// The age from which an open transaction is reported.
const LONG: Duration = Duration::from_secs(30);

/// Compares the changes of one source with what its peer has.
pub struct Comparer {
    pub(super) source: SiteClient,
    pub(super) peer: SiteClient,
    pub(super) settings: CompareSettings,
    /// The figures of this direction.
    pub(super) figures: Arc<Figures>,
    /// The figures of the other direction.
    pub(super) opposite: Arc<Figures>,
    pub(super) repeats: Repeats,
    boundaries: Boundaries,
    stop: Stop,
}

/// The reason why nothing is compared at the moment.
#[derive(Debug, PartialEq, Eq)]
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
        let (sites, direction) = (settings.sites(), figures.direction);
        Ok(Self {
            source: SiteClient::new(direction.from, &sites)?,
            peer: SiteClient::new(direction.to(), &sites)?,
            settings: settings.compare.clone(),
            figures,
            opposite,
            repeats: Repeats::default(),
            boundaries: Boundaries::default(),
            stop,
        })
    }

    /// Compares until asked to stop.
    pub async fn run(mut self) {
        let stop = self.stop.asked.clone();
        if !self.settings.enabled {
            self.figures.comparison(|comparison| comparison.waits(Some("it is switched off")));
            return stop.cancelled().await;
        }
        while let Some(looked) = stop.run_until_cancelled(self.look()).await {
            let reason = looked.err().map(|Held(reason)| reason);
            self.figures.comparison(|comparison| comparison.waits(reason.as_deref()));
            stop.run_until_cancelled(sleep(self.settings.interval)).await;
        }
    }

    /// Reads the state of the source's log, and compares up to its boundary.
    async fn look(&mut self) -> Result<(), Held> {
        let (log, now) = (self.source.log_state(None).await?, Utc::now());
        let boundary = self.boundaries.look(&log, now);
        self.figures.comparison(|comparison| comparison.looked(&log));
        match boundary {
            Some(boundary) if boundary.place > log.compared => self.compare_to(boundary).await,
            Some(boundary) => {
                self.figures.comparison(|it| it.finished(Some(boundary.at), now));
                self.waits_for_transactions(now)
            }
            None => self.waits_for_transactions(now),
        }
    }

    /// Compares up to the boundary, or up to the oldest unconfirmed change: later ones are on their
    /// way.
    async fn compare_to(&mut self, boundary: Boundary) -> Result<(), Held> {
        self.is_calm()?;
        let log = self.source.log_state(Some(boundary.place)).await?;
        let upto = log.unpublished.map_or(boundary.place, |oldest| oldest - 1);
        if upto <= log.compared {
            return Err(self.unpublished(log.paused));
        }
        let came_to = self.compare(log.compared, upto).await?;
        let as_of = (came_to >= boundary.place).then_some(boundary.at);
        self.figures.comparison(|comparison| comparison.finished(as_of, Utc::now()));
        Ok(())
    }

    /// Fails while an open transaction has kept later changes from being compared for long.
    fn waits_for_transactions(&self, now: DateTime<Utc>) -> Result<(), Held> {
        let since = self.boundaries.waits_since();
        let long = since.filter(|since| (now - since).to_std().is_ok_and(|it| it > LONG));
        long.map_or(Ok(()), |since| {
            let (source, since) = (self.figures.direction.from, since.format("%FT%TZ"));
            Err(Held(format!("a transaction at the {source} is open since {since} or before")))
        })
    }

    pub(super) fn unpublished(&self, is_paused: bool) -> Held {
        let source = self.figures.direction.from;
        Held(match is_paused {
            true => format!("the {source} is paused, and has changes that are not published"),
            false => format!("the {source} has changes that RabbitMQ has not confirmed"),
        })
    }

    /// Fails unless changes are carried and few messages wait: otherwise a difference means
    /// nothing, and the sites are busy.
    pub(super) fn is_calm(&self) -> Result<(), Held> {
        self.figures.is_calm(self.settings.max_waiting).map_err(Held)
    }
}

impl From<String> for Held {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}
