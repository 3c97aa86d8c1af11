//! Compares a source's log step by step: reads pages up to the boundary, has the differences judged
//! that have waited long enough, saves the progress.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use shared_models::comparison::{Compared, MAX_COMPARED};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::judging::differences;
use super::pace::{pause, time_per_page};
use super::progress::{ComparisonProgress, End, Page};
use super::repeats::OfferLimit;
use super::{Blocked, LatestPoll, PolledLog};
use crate::figures::Figures;
use crate::settings::CompareSettings;
use crate::side_client::SideClient;

/// The interval at which a side is asked whether everything is published.
const PUBLISHED_INTERVAL: Duration = Duration::from_millis(500);
/// The age from which an open transaction is reported.
const LONG_TRANSACTION: Duration = Duration::from_secs(30);
/// The longest that a batch may be in hand, as a part of the grace. A change may wait for a few
/// batches: those that RabbitMQ has handed out, and those of the messages that may wait.
const MAX_IN_HAND_FRACTION: u32 = 5;

/// The comparison of one direction.
pub(super) struct Comparing {
    pub(super) source: SideClient,
    pub(super) peer: SideClient,
    pub(super) settings: CompareSettings,
    /// The figures of this direction.
    pub(super) figures: Arc<Figures>,
    /// The figures of the other direction.
    opposite: Arc<Figures>,
    pub(super) offer_limit: OfferLimit,
    pub(super) progress: ComparisonProgress,
    polls: watch::Receiver<LatestPoll>,
    /// The time at which the progress was last saved at the source.
    saved_at: Instant,
    /// The time at which the sides were last asked whether everything is published.
    published_asked_at: Instant,
}

/// The action after a step.
enum Next {
    /// The next step.
    Step,
    /// Waiting for the next poll, or a short time.
    Wait,
}

impl Comparing {
    pub(super) fn new(
        source: SideClient,
        peer: SideClient,
        settings: CompareSettings,
        [figures, opposite]: [Arc<Figures>; 2],
        polls: watch::Receiver<LatestPoll>,
    ) -> Self {
        let now = Instant::now();
        Self {
            source,
            peer,
            settings,
            figures,
            opposite,
            offer_limit: OfferLimit::default(),
            progress: ComparisonProgress::default(),
            polls,
            saved_at: now,
            published_asked_at: now,
        }
    }

    /// Compares for as long as the worker runs.
    pub(super) async fn run(mut self) {
        loop {
            let stepped = self.step().await;
            let reason = stepped.as_ref().err().map(|Blocked(reason)| reason.as_str());
            self.figures.update_comparison(|comparison| comparison.set_waits_for(reason));
            if let Ok(Next::Step) = stepped {
                continue;
            }
            // A poll, or its absence, is read by the next step.
            let _ = timeout(self.published_interval(), self.polls.changed()).await;
        }
    }

    async fn step(&mut self) -> Result<Next, Blocked> {
        let log = match &*self.polls.borrow_and_update() {
            Some(log) => log.clone()?,
            None => return Ok(Next::Wait),
        };
        // A poll from before the progress was last saved does not show it; nor does the progress in
        // another log say anything.
        let is_newer = self.progress.follow(log.restarts) || log.asked > self.saved_at;
        let compared = if is_newer { log.state.compared } else { self.progress.saved_to() };
        self.progress.synchronize(compared, log.state.newest);
        let Some(boundary) = log.boundary else { return self.wait_for_transactions(&log) };
        self.progress.add_boundary(boundary);
        if self.progress.judged_to() >= boundary.place {
            self.save_progress().await?;
            return self.wait_for_transactions(&log);
        }
        self.check_no_delay()?;
        self.ask_what_is_published().await?;
        if self.saved_at.elapsed() >= self.settings.interval {
            self.save_progress().await?;
        }
        let upto = log.published_to(boundary);
        let per_page = self.time_per_page(upto);
        let ready = self.progress.ready(Instant::now().into_std(), self.settings.grace);
        if let Some((segments, return_path)) = ready {
            self.recover(segments, return_path, per_page).await?;
            return Ok(Next::Step);
        }
        if self.progress.read_to() < upto && self.progress.may_read() {
            self.read_page(upto, per_page).await?;
            return Ok(Next::Step);
        }
        if self.progress.pending() == 0 {
            self.save_progress().await?;
        }
        self.check_published(upto < boundary.place, log.state.paused)?;
        Ok(Next::Wait)
    }

    /// Fails unless changes are carried without delay: otherwise a difference means nothing, and
    /// the sides are busy. The grace of what waits for the second check then begins anew.
    fn check_no_delay(&mut self) -> Result<(), Blocked> {
        let max_waiting = self.settings.max_waiting;
        let max_in_hand = self.settings.grace / MAX_IN_HAND_FRACTION;
        let now = Instant::now().into_std();
        if self.opposite.check_no_delay(max_waiting, max_in_hand).is_err() {
            self.progress.restart_grace(End::Peer, now);
        }
        self.figures.check_no_delay(max_waiting, max_in_hand).map_err(|reason| {
            self.progress.restart_grace(End::Source, now);
            Blocked(reason)
        })
    }

    /// Asks both sides, at an interval, whether the changes that were read are published.
    async fn ask_what_is_published(&mut self) -> Result<(), Blocked> {
        if self.published_asked_at.elapsed() < self.published_interval() {
            return Ok(());
        }
        for (end, client) in [(End::Source, &self.source), (End::Peer, &self.peer)] {
            if let Some(place) = self.progress.place_to_publish(end) {
                let log = client.log_state(Some(place)).await?;
                self.progress.record_published(end, &log, Instant::now().into_std());
            }
        }
        self.published_asked_at = Instant::now();
        Ok(())
    }

    /// Reads a page of the log, and pauses unless it named no orders.
    async fn read_page(&mut self, upto: i64, per_page: Duration) -> Result<(), Blocked> {
        let began = Instant::now();
        let page = self.source.changed(self.progress.read_to(), upto).await?;
        let orders = page.orders.len();
        let mut read = Page { upto: page.upto, differences: vec![], newest: [page.newest, 0] };
        if orders > 0 {
            let ids = page.orders.iter().map(|order| order.id).collect::<Vec<_>>();
            let peer = self.peer.revisions(&ids).await?;
            read.newest[1] = peer.newest;
            read.differences = differences(page.orders, &peer.orders);
            self.figures.update_comparison(|comparison| comparison.add_compared(orders));
        }
        self.progress.add(read, Instant::now().into_std());
        if orders > 0 {
            sleep(pause(began.elapsed(), self.settings.rest, per_page)).await;
        }
        Ok(())
    }

    /// Saves the progress at the source, if there is any.
    async fn save_progress(&mut self) -> Result<(), Blocked> {
        let (from, to) = (self.progress.saved_to(), self.progress.judged_to());
        if to > from {
            let saved = self.source.note_compared(Compared { from, to }).await?;
            self.saved_at = Instant::now();
            if !saved {
                // Another worker was faster: the next poll shows its progress.
                return Ok(());
            }
            self.progress.synchronize(to, self.progress.read_to());
            self.figures.update_comparison(|comparison| comparison.set_compared_to(to));
        }
        if let Some(as_of) = self.progress.take_as_of() {
            let now = Utc::now();
            self.figures.update_comparison(|comparison| comparison.set_finished(as_of, now));
        }
        Ok(())
    }

    /// Fails while changes that the source has not published keep anything from being compared.
    fn check_published(&self, is_behind: bool, is_paused: bool) -> Result<(), Blocked> {
        let (now, grace) = (Instant::now().into_std(), self.settings.grace);
        let blocks_all = is_behind && self.progress.pending() == 0;
        if !blocks_all && !self.progress.is_publishing_late(End::Source, now, grace) {
            return Ok(());
        }
        let source = self.figures.direction.from;
        Err(Blocked(match is_paused {
            true => format!("the {source} is paused, and has changes that are not published"),
            false => format!("the {source} has changes that RabbitMQ has not confirmed"),
        }))
    }

    /// Waits; fails while an open transaction has kept later changes from being compared for long.
    fn wait_for_transactions(&self, log: &PolledLog) -> Result<Next, Blocked> {
        let is_long = |age: TimeDelta| age.to_std().is_ok_and(|age| age > LONG_TRANSACTION);
        let since = log.waiting_since.filter(|since| is_long(Utc::now() - since));
        since.map_or(Ok(Next::Wait), |since| {
            let (source, since) = (self.figures.direction.from, since.format("%FT%TZ"));
            Err(Blocked(format!("a transaction at the {source} is open since {since} or before")))
        })
    }

    /// Returns the time that each page may take, so that what is left is read in an interval.
    fn time_per_page(&self, upto: i64) -> Duration {
        let left = usize::try_from(upto - self.progress.read_to()).unwrap_or(0);
        time_per_page(self.settings.interval, left + self.progress.pending(), MAX_COMPARED)
    }

    fn published_interval(&self) -> Duration {
        PUBLISHED_INTERVAL.min(self.settings.grace)
    }
}
