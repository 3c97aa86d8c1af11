//! Compares a source's log step by step: reads pages up to the boundary, judges what has waited
//! long enough, notes the progress.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use shared_models::comparison::{Compared, MAX_COMPARED};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::comparer::Held;
use super::judging::doubts;
use super::looker::{Look, Looked};
use super::pace::{rest, share};
use super::progress::{End, Page, Progress};
use super::repeats::Repeats;
use crate::figures::Figures;
use crate::settings::CompareSettings;
use crate::side_client::SideClient;

/// The interval at which a side is asked whether everything is published.
const POLL: Duration = Duration::from_millis(500);
/// The age from which an open transaction is reported.
const LONG: Duration = Duration::from_secs(30);
/// The longest that a batch may be in hand, as a part of the grace. A change may wait for a few
/// batches: those that RabbitMQ has handed out, and those of the messages that may wait.
const IN_HAND: u32 = 5;

/// The comparison of one direction.
pub(super) struct Comparing {
    pub(super) source: SideClient,
    pub(super) peer: SideClient,
    pub(super) settings: CompareSettings,
    /// The figures of this direction.
    pub(super) figures: Arc<Figures>,
    /// The figures of the other direction.
    opposite: Arc<Figures>,
    pub(super) repeats: Repeats,
    pub(super) progress: Progress,
    looks: watch::Receiver<Looked>,
    /// The time of the last note at the source.
    noted_at: Instant,
    /// The time of the last question whether everything is published.
    asked_at: Instant,
}

/// The action after a step.
enum Next {
    /// The next step.
    Step,
    /// The next look, or a short wait.
    Wait,
}

impl Comparing {
    pub(super) fn new(
        source: SideClient,
        peer: SideClient,
        settings: CompareSettings,
        [figures, opposite]: [Arc<Figures>; 2],
        looks: watch::Receiver<Looked>,
    ) -> Self {
        let (repeats, progress, now) = (Repeats::default(), Progress::default(), Instant::now());
        Self {
            source,
            peer,
            settings,
            figures,
            opposite,
            repeats,
            progress,
            looks,
            noted_at: now,
            asked_at: now,
        }
    }

    /// Compares for as long as the worker runs.
    pub(super) async fn run(mut self) {
        loop {
            let stepped = self.step().await;
            let reason = stepped.as_ref().err().map(|Held(reason)| reason.as_str());
            self.figures.comparison(|comparison| comparison.waits(reason));
            if let Ok(Next::Step) = stepped {
                continue;
            }
            // A look, or its absence, is read by the next step.
            let _ = timeout(self.poll(), self.looks.changed()).await;
        }
    }

    async fn step(&mut self) -> Result<Next, Held> {
        let look = match &*self.looks.borrow_and_update() {
            Some(look) => look.clone()?,
            None => return Ok(Next::Wait),
        };
        // A look from before the last note does not know of it.
        let is_newer = look.asked > self.noted_at;
        let compared = if is_newer { look.log.compared } else { self.progress.noted() };
        self.progress.follow(compared, look.log.newest);
        let Some(boundary) = look.boundary else { return waits_for_transactions(self, &look) };
        self.progress.head_for(boundary);
        if self.progress.settled() >= boundary.place {
            self.note().await?;
            return waits_for_transactions(self, &look);
        }
        self.is_calm()?;
        self.ask_what_is_published().await?;
        if self.noted_at.elapsed() >= self.settings.interval {
            self.note().await?;
        }
        let upto = look.published_to(boundary);
        let share = self.share(upto);
        let ripe = self.progress.ripe(Instant::now().into_std(), self.settings.grace);
        if let Some((parts, way_back)) = ripe {
            self.settle(parts, way_back, share).await?;
            return Ok(Next::Step);
        }
        if self.progress.read() < upto && self.progress.may_read() {
            self.read(upto, share).await?;
            return Ok(Next::Step);
        }
        if self.progress.held() == 0 {
            self.note().await?;
        }
        self.is_published(upto < boundary.place, look.log.paused)?;
        Ok(Next::Wait)
    }

    /// Fails unless changes are carried without delay: otherwise a difference means nothing, and
    /// the sides are busy. What waits for the second look waits anew, then.
    fn is_calm(&mut self) -> Result<(), Held> {
        let (most, long) = (self.settings.max_waiting, self.settings.grace / IN_HAND);
        let now = Instant::now().into_std();
        if self.opposite.is_calm(most, long).is_err() {
            self.progress.disturbed(End::Peer, now);
        }
        self.figures.is_calm(most, long).map_err(|reason| {
            self.progress.disturbed(End::Source, now);
            Held(reason)
        })
    }

    /// Asks both sides, now and then, whether what they had said is published.
    async fn ask_what_is_published(&mut self) -> Result<(), Held> {
        if self.asked_at.elapsed() < self.poll() {
            return Ok(());
        }
        for (end, client) in [(End::Source, &self.source), (End::Peer, &self.peer)] {
            if let Some(place) = self.progress.awaits(end) {
                let log = client.log_state(Some(place)).await?;
                self.progress.published(end, &log, Instant::now().into_std());
            }
        }
        self.asked_at = Instant::now();
        Ok(())
    }

    /// Reads a page of the log, and rests unless it named no orders.
    async fn read(&mut self, upto: i64, share: Duration) -> Result<(), Held> {
        let began = Instant::now();
        let page = self.source.changed(self.progress.read(), upto).await?;
        let named = page.orders.len();
        let mut read = Page { upto: page.upto, doubts: vec![], newest: [page.newest, 0] };
        if named > 0 {
            let ids = page.orders.iter().map(|order| order.id).collect::<Vec<_>>();
            let peer = self.peer.revisions(&ids).await?;
            read.newest[1] = peer.newest;
            read.doubts = doubts(page.orders, &peer.orders);
            self.figures.comparison(|comparison| comparison.compared(named));
        }
        self.progress.add(read, Instant::now().into_std());
        if named > 0 {
            sleep(rest(began.elapsed(), self.settings.rest, share)).await;
        }
        Ok(())
    }

    /// Notes the progress at the source, if there is any.
    async fn note(&mut self) -> Result<(), Held> {
        let (from, to) = (self.progress.noted(), self.progress.settled());
        if to > from {
            let noted = self.source.compared(Compared { from, to }).await?;
            self.noted_at = Instant::now();
            if !noted {
                // Another worker was faster: the next look says how far it has come.
                return Ok(());
            }
            self.progress.follow(to, self.progress.read());
            self.figures.comparison(|comparison| comparison.came_to(to));
        }
        if let Some(as_of) = self.progress.as_of() {
            self.figures.comparison(|comparison| comparison.finished(as_of, Utc::now()));
        }
        Ok(())
    }

    /// Fails while changes that the source has not published keep anything from being compared.
    fn is_published(&self, is_behind: bool, is_paused: bool) -> Result<(), Held> {
        let (now, grace) = (Instant::now().into_std(), self.settings.grace);
        let keeps_all = is_behind && self.progress.held() == 0;
        if !keeps_all && !self.progress.is_held_up(End::Source, now, grace) {
            return Ok(());
        }
        let source = self.figures.direction.from;
        Err(Held(match is_paused {
            true => format!("the {source} is paused, and has changes that are not published"),
            false => format!("the {source} has changes that RabbitMQ has not confirmed"),
        }))
    }

    /// Returns the time for each page that works off what is left in an interval.
    fn share(&self, upto: i64) -> Duration {
        let left = usize::try_from(upto - self.progress.read()).unwrap_or(0);
        share(self.settings.interval, left + self.progress.held(), MAX_COMPARED)
    }

    fn poll(&self) -> Duration {
        POLL.min(self.settings.grace)
    }
}

/// Fails while an open transaction has kept later changes from being compared for long.
fn waits_for_transactions(comparing: &Comparing, look: &Look) -> Result<Next, Held> {
    let is_long = |age: chrono::TimeDelta| age.to_std().is_ok_and(|age| age > LONG);
    let since = look.waits_since.filter(|since| is_long(Utc::now() - since));
    since.map_or(Ok(Next::Wait), |since| {
        let (source, since) = (comparing.figures.direction.from, since.format("%FT%TZ"));
        Err(Held(format!("a transaction at the {source} is open since {since} or before")))
    })
}
