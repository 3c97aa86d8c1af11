//! Judges what differed, and has lost orders offered again.

use std::mem::take;
use std::time::Duration;

use shared_models::side::Side;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::comparer::Held;
use super::comparing::Comparing;
use super::judging::{Loss, Losses, WayBack, judge};
use super::pace::rest;
use super::progress::End;
use crate::side_client::SideClient;

/// The most orders named in one log line.
const NAMED: usize = 5;

impl Comparing {
    /// Asks both sides again, and requests offers of the lost orders.
    pub(super) async fn settle(
        &mut self,
        parts: usize,
        way_back: WayBack,
        share: Duration,
    ) -> Result<(), Held> {
        let (began, doubts) = (Instant::now(), self.progress.doubts(parts));
        let ids = doubts.iter().map(|doubt| doubt.source.id).collect::<Vec<_>>();
        let peer = self.peer.revisions(&ids).await?.orders;
        let source = self.source.revisions(&ids).await?.orders;
        let mut losses = judge(&doubts, &source, &peer, way_back);
        let in_vain = self.repeats.in_vain(&doubts, &peer, &losses);
        losses.leave(&in_vain);
        if let Err(held) = self.make_good(losses, in_vain.len()).await {
            // Not again at once: it is asked for again after another look.
            self.progress.disturbed(End::Source, Instant::now().into_std());
            return Err(held);
        }
        self.progress.settle(parts);
        sleep(rest(began.elapsed(), self.settings.rest, share)).await;
        Ok(())
    }

    /// Requests offers of what was lost. What a side refuses is uncounted; what the other has agreed
    /// to is not, for both are asked again.
    async fn make_good(&mut self, losses: Losses, left: usize) -> Result<(), Held> {
        let direction = self.figures.direction;
        let (mut refused, mut offered) = (losses, Losses::default());
        let asking = async {
            self.offer(&self.source, direction.from, &refused.of_source).await?;
            offered.of_source = take(&mut refused.of_source);
            self.offer(&self.peer, direction.to(), &refused.of_peer).await?;
            offered.of_peer = take(&mut refused.of_peer);
            self.offer_held_up(&refused.held_up).await
        };
        let asked: Result<(), Held> = asking.await;
        self.repeats.not_offered(&(&refused.orders() - &offered.orders()));
        self.figures.comparison(|comparison| comparison.found(&offered));
        asked?;
        self.figures.comparison(|comparison| comparison.left(left));
        if left > 0 {
            tracing::error!(
                direction = direction.as_str(),
                left,
                "orders differ however often they are offered; they are left until they change"
            );
        }
        Ok(())
    }

    /// Has the peer offer the orders of which it knows more. They are not compared again because of
    /// what is on its way to the source: that may be older than the loss.
    async fn offer_held_up(&self, ids: &[Uuid]) -> Result<(), Held> {
        if ids.is_empty() {
            return Ok(());
        }
        tracing::info!(
            direction = self.figures.direction.as_str(),
            by = self.figures.direction.to().as_str(),
            orders = ids.len(),
            "the peer knows more, and its changes are held up: the orders are offered, in case \
             something was lost"
        );
        self.peer.ask_for_offer_of(ids).await?;
        self.figures.comparison(|comparison| comparison.offered(ids.len()));
        Ok(())
    }

    async fn offer(&self, client: &SideClient, by: Side, losses: &[Loss]) -> Result<(), Held> {
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
            "changes have not arrived: they were lost on the way, or another worker holds them \
             and does not answer; their orders are offered again"
        );
        client.ask_for_offer_of(&ids).await?;
        self.figures.comparison(|comparison| comparison.offered(ids.len()));
        Ok(())
    }
}
