//! The audit's requests to both sides. A side that fails is asked again for a while.

use std::time::{Duration, Instant};

use program_kit::backoff;
use shared_models::comparison::LogState;
use shared_models::runs::RunFailure;
use tokio::time::sleep;
use uuid::Uuid;

use super::rules::{Joined, Kind, Pair, join, pair};
use crate::side_client::SideClient;

/// The time for which a side may fail before the run does.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest and the longest back-off.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// For each side, a place in its change log: of the store and of the warehouse.
pub(super) type Places = [i64; 2];

/// Both sides, as an audit asks them.
pub(super) struct Sides {
    pub(super) store: SideClient,
    pub(super) warehouse: SideClient,
}

impl Sides {
    /// Reads the states of the next orders at both sides, and the places in their logs that these may
    /// reflect.
    pub(super) async fn page(&self, after: Option<Uuid>) -> Result<(Joined, Places), RunFailure> {
        let (store, warehouse) = patiently(|| async {
            tokio::try_join!(self.store.states(after), self.warehouse.states(after))
        })
        .await?;
        let newest = [store.newest, warehouse.newest];
        Ok((join(store, warehouse), newest))
    }

    /// Reads the states of these orders at both sides.
    pub(super) async fn states(&self, ids: &[Uuid]) -> Result<Vec<Pair>, RunFailure> {
        let (store, warehouse) = patiently(|| async {
            tokio::try_join!(self.store.revisions(ids), self.warehouse.revisions(ids))
        })
        .await?;
        Ok(pair(ids, store.orders, warehouse.orders))
    }

    /// Returns the states of both logs, that of the store first.
    pub(super) async fn logs(&self) -> Result<[LogState; 2], RunFailure> {
        let (store, warehouse) = patiently(|| async {
            tokio::try_join!(self.store.log_state(None), self.warehouse.log_state(None))
        })
        .await?;
        Ok([store, warehouse])
    }

    /// Has the sides offer orders, each by those that the kind of its difference says.
    pub(super) async fn offer(&self, orders: &[(Uuid, Kind)]) -> Result<(), RunFailure> {
        for side in [&self.store, &self.warehouse] {
            let is_offered = |kind: Kind| kind.offered_by().contains(&side.side());
            let ids = orders.iter().filter(|(_, kind)| is_offered(*kind)).map(|(id, _)| *id);
            let ids = ids.collect::<Vec<_>>();
            if !ids.is_empty() {
                patiently(|| side.request_offer_of(&ids)).await?;
            }
        }
        Ok(())
    }
}

/// Asks until there is an answer, for a while.
pub(super) async fn patiently<T, A: Future<Output = Result<T, String>>>(
    ask: impl Fn() -> A,
) -> Result<T, RunFailure> {
    let (began, mut failures) = (Instant::now(), 0);
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(detail) if began.elapsed() > PATIENCE => {
                return Err(RunFailure { reason: "side_unavailable".to_owned(), detail });
            }
            Err(_) => {
                sleep(backoff::wait(failures, BACKOFF.0, BACKOFF.1, fastrand::f64())).await;
                failures += 1;
            }
        }
    }
}
