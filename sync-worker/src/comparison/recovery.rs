//! The recovery of losses: the differences that have waited long enough are judged, and lost orders
//! are offered again.

use std::mem::take;
use std::time::Duration;

use chrono::Utc;
use shared_models::side::Side;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Blocked;
use super::comparing::Comparing;
use super::judging::{Loss, Losses, ReturnPath, judge};
use super::pace::pause;
use super::progress::End;
use super::repeats::MAX_OFFERS;
use crate::side_client::SideClient;

/// The most orders named in one log line.
const MAX_NAMED: usize = 5;

impl Comparing {
    /// Asks both sides again, judges the differences, and requests offers of the lost orders.
    pub(super) async fn recover(
        &mut self,
        segments: usize,
        return_path: ReturnPath,
        per_page: Duration,
    ) -> Result<(), Blocked> {
        let (began, differences) = (Instant::now(), self.progress.differences(segments));
        let ids = differences.iter().map(|difference| difference.source.id).collect::<Vec<_>>();
        let peer = self.peer.revisions(&ids).await?.orders;
        let source = self.source.revisions(&ids).await?.orders;
        let mut losses = judge(&differences, &source, &peer, return_path);
        let over_limit = self.offer_limit.count_offers(&differences, &peer, &losses);
        losses.remove(&over_limit);
        if let Err(blocked) = self.request_offers(losses, over_limit.len()).await {
            // Not again at once: it is requested again after another check.
            self.progress.restart_grace(End::Source, Instant::now().into_std());
            return Err(blocked);
        }
        self.progress.complete(segments);
        sleep(pause(began.elapsed(), self.settings.rest, per_page)).await;
        Ok(())
    }

    /// Requests offers of what was lost. What a side refuses is uncounted; what the other has agreed
    /// to is not, for both are asked again.
    async fn request_offers(&mut self, losses: Losses, left: usize) -> Result<(), Blocked> {
        let direction = self.figures.direction;
        let (mut refused, mut offered) = (losses, Losses::default());
        let requesting = async {
            self.request_offer(&self.source, direction.from, &refused.of_source).await?;
            offered.of_source = take(&mut refused.of_source);
            self.request_offer(&self.peer, direction.to(), &refused.of_peer).await?;
            offered.of_peer = take(&mut refused.of_peer);
            self.request_offer_of_undecided(&refused.undecided).await
        };
        let requested: Result<(), Blocked> = requesting.await;
        self.offer_limit.uncount_offers(&(&refused.orders() - &offered.orders()));
        let at_peer = offered.of_source.iter().map(|loss| loss.finding);
        let at_source = offered.of_peer.len();
        self.figures.update_comparison(|comparison| comparison.add_losses(at_peer, at_source));
        requested?;
        self.figures.update_comparison(|comparison| comparison.add_left(left, Utc::now()));
        if left > 0 {
            tracing::error!(
                direction = direction.as_str(),
                orders = left,
                "orders still differ after {MAX_OFFERS} offers; they are not offered again until \
                 they change"
            );
        }
        Ok(())
    }

    /// Has the peer offer the orders of which it knows more. They are not compared again because of
    /// what is on its way to the source: that may be older than the loss.
    async fn request_offer_of_undecided(&self, ids: &[Uuid]) -> Result<(), Blocked> {
        if ids.is_empty() {
            return Ok(());
        }
        tracing::info!(
            direction = self.figures.direction.as_str(),
            by = self.figures.direction.to().as_str(),
            orders = ids.len(),
            "the peer has newer changes, and the direction back is delayed: their orders are \
             offered again, in case changes were lost"
        );
        self.peer.request_offer_of(ids).await?;
        self.figures.update_comparison(|comparison| comparison.add_offered(ids.len()));
        Ok(())
    }

    async fn request_offer(
        &self,
        client: &SideClient,
        by: Side,
        losses: &[Loss],
    ) -> Result<(), Blocked> {
        if losses.is_empty() {
            return Ok(());
        }
        let ids = losses.iter().map(|loss| loss.id).collect::<Vec<_>>();
        let named = losses.iter().take(MAX_NAMED);
        let first = named.map(|loss| format!("{} {}", loss.finding.as_str(), loss.id));
        tracing::warn!(
            direction = self.figures.direction.as_str(),
            by = by.as_str(),
            orders = losses.len(),
            first = first.collect::<Vec<_>>().join(", "),
            "changes have not arrived: they were lost on the way, or another worker holds them \
             and does not answer; their orders are offered again"
        );
        client.request_offer_of(&ids).await?;
        self.figures.update_comparison(|comparison| comparison.add_offered(ids.len()));
        Ok(())
    }
}
