//! Compares one range of a source's log: reads, collects doubts, recovers losses, notes the
//! progress.

use std::time::Duration;

use shared_models::comparison::Compared;
use shared_models::site::Site;
use tokio::time::{Instant, sleep};

use super::comparer::{Comparer, Held};
use super::judging::{Doubt, Loss, Losses, WayBack, doubts, judge};
use super::pace::rest;
use crate::site_client::SiteClient;

/// Pages that are read before the progress is noted.
const MOST_PAGES: usize = 20;
/// Orders that are in doubt at once.
const MOST_DOUBTS: usize = 10_000;
/// Orders in one request to a side, for states or for an offer.
const STEP: usize = shared_models::comparison::MAX_COMPARED;
/// The interval at which a side is asked whether everything is published.
const POLL: Duration = Duration::from_millis(500);
/// The most orders named in one log line.
const NAMED: usize = 5;

/// The result of reading a range of the log.
struct Read {
    /// The place up to which it was read.
    upto: i64,
    doubts: Vec<Doubt>,
    /// The newest places in the two logs that the answers can reflect.
    newest: [i64; 2],
}

impl Comparer {
    /// Compares the log between two places, or the beginning of that range; returns the place up to
    /// which it has compared.
    pub(super) async fn compare(&mut self, after: i64, upto: i64) -> Result<i64, Held> {
        let read = self.read(after, upto).await?;
        if !read.doubts.is_empty() {
            let way_back = self.all_arrives(read.newest).await?;
            for some in read.doubts.chunks(STEP) {
                self.settle(some, way_back).await?;
            }
        }
        // Another worker may have noted progress meanwhile; then this note is ignored, which is
        // harmless.
        self.source.compared(Compared { from: after, to: read.upto }).await?;
        self.figures.comparison(|comparison| comparison.came_to(read.upto));
        Ok(read.upto)
    }

    /// Reads the log page by page, with a pause after each.
    async fn read(&self, after: i64, upto: i64) -> Result<Read, Held> {
        let mut read = Read { upto: after, doubts: vec![], newest: [0; 2] };
        for _ in 0..MOST_PAGES {
            if read.upto >= upto || read.doubts.len() >= MOST_DOUBTS {
                break;
            }
            self.is_calm()?;
            let began = Instant::now();
            let page = self.source.changed(read.upto, upto).await?;
            (read.upto, read.newest[0]) = (page.upto, page.newest);
            if !page.orders.is_empty() {
                let ids = page.orders.iter().map(|order| order.id).collect::<Vec<_>>();
                let peer = self.peer.revisions(&ids).await?;
                read.newest[1] = peer.newest;
                read.doubts.extend(doubts(page.orders, &peer.orders));
                self.figures.comparison(|comparison| comparison.compared(ids.len()));
            }
            sleep(rest(began.elapsed(), self.settings.rest)).await;
        }
        Ok(read)
    }

    /// Waits until everything that the sides reported has had time to arrive. If the peer has not
    /// published its part, or the way back is blocked, only the source's losses can be judged.
    async fn all_arrives(&self, [source, peer]: [i64; 2]) -> Result<WayBack, Held> {
        let deadline = Instant::now() + self.settings.grace;
        if !has_published(&self.source, source, deadline).await? {
            return Err(self.unpublished(self.source.log_state(None).await?.paused));
        }
        let back = has_published(&self.peer, peer, deadline).await?;
        sleep(self.settings.grace).await;
        let is_open = back && self.opposite.is_calm(self.settings.max_waiting).is_ok();
        Ok(if is_open { WayBack::Open } else { WayBack::Closed })
    }

    /// Asks both sides again, and requests offers of the lost orders.
    async fn settle(&mut self, doubts: &[Doubt], way_back: WayBack) -> Result<(), Held> {
        self.is_calm()?;
        let began = Instant::now();
        let ids = doubts.iter().map(|doubt| doubt.source.id).collect::<Vec<_>>();
        let peer = self.peer.revisions(&ids).await?.orders;
        let source = self.source.revisions(&ids).await?.orders;
        let mut losses = judge(doubts, &source, &peer, way_back);
        let in_vain = self.repeats.in_vain(doubts, &peer, &losses);
        losses.leave(&in_vain);
        self.make_good(&losses, in_vain.len()).await?;
        sleep(rest(began.elapsed(), self.settings.rest)).await;
        Ok(())
    }

    async fn make_good(&self, losses: &Losses, left: usize) -> Result<(), Held> {
        let direction = self.figures.direction;
        self.figures.comparison(|comparison| comparison.found(losses, left));
        if left > 0 {
            tracing::error!(
                direction = direction.as_str(),
                left,
                "orders differ however often they are offered; they are left until they change"
            );
        }
        self.offer(&self.source, direction.from, &losses.of_source).await?;
        self.offer(&self.peer, direction.to(), &losses.of_peer).await
    }

    async fn offer(&self, client: &SiteClient, by: Site, losses: &[Loss]) -> Result<(), Held> {
        if losses.is_empty() {
            return Ok(());
        }
        let ids = losses.iter().map(|loss| loss.id).collect::<Vec<_>>();
        let first =
            losses.iter().take(NAMED).map(|loss| format!("{} {}", loss.finding.as_str(), loss.id));
        tracing::warn!(
            direction = self.figures.direction.as_str(),
            by = by.as_str(),
            orders = losses.len(),
            first = first.collect::<Vec<_>>().join(", "),
            "changes were lost on the way; their orders are offered again"
        );
        client.ask_for_offer_of(&ids).await?;
        self.figures.comparison(|comparison| comparison.offered(ids.len()));
        Ok(())
    }
}

/// Waits until a site has published everything up to a place; returns `false` at the deadline.
async fn has_published(site: &SiteClient, upto: i64, until: Instant) -> Result<bool, Held> {
    while !site.log_state(Some(upto)).await?.has_published(upto) {
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(POLL).await;
    }
    Ok(true)
}
