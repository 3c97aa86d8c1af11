//! Replaying or giving up many parked changes at a rate that a person sets, with a result for each.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use shared_models::parked::{ParkedAction, Selection};
use shared_models::side::Side;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::side_client::SideClient;

/// The highest rate, in changes a second.
pub(super) const MAX_RATE: u32 = 500;
/// The most changes of a side that one run is about.
pub(super) const MAX_CHANGES: usize = 5_000;
/// The runs that are kept; the oldest one that is over makes room.
const KEPT: usize = 20;
/// The requests a second in which the changes of a second are sent.
const STEPS: u32 = 5;

/// The runs that people have begun.
pub(in crate::console) struct Bulk {
    runs: Mutex<VecDeque<Arc<Run>>>,
    stopping: CancellationToken,
}

/// A run: one action on many parked changes.
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) action: ParkedAction,
    pub(super) principal: Option<String>,
    pub(super) began: DateTime<Utc>,
    pub(super) rate: u32,
    /// Whether more changes waited than it is about.
    pub(super) is_cut: bool,
    progress: Mutex<Progress>,
}

/// How far a run has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) results: Vec<Outcome>,
    /// The number of changes that it is about.
    pub(super) of: usize,
    pub(super) ended: Option<DateTime<Utc>>,
    /// The failure that ended it early.
    pub(super) failure: Option<String>,
}

/// What became of one change: nothing was left, or the reason why it was.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) id: Uuid,
    pub(super) side: Side,
    pub(super) left: Option<String>,
}

/// A request to begin a run.
pub(super) struct Begin {
    pub(super) action: ParkedAction,
    pub(super) principal: Option<String>,
    /// The rate, in changes a second.
    pub(super) rate: u32,
    /// The clients of the sides, with the token of the person: the store's, the warehouse's.
    pub(super) sides: [SideClient; 2],
    pub(super) changes: Vec<(Side, Uuid)>,
    /// Whether more changes wait.
    pub(super) is_cut: bool,
}

impl Bulk {
    /// Creates it without any run. What is under way ends early when the program stops.
    pub(in crate::console) fn new(stopping: CancellationToken) -> Self {
        Self { runs: Mutex::default(), stopping }
    }

    /// Returns the runs, newest first.
    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        self.lock().iter().rev().cloned().collect()
    }

    /// Returns a run.
    pub(super) fn run(&self, id: Uuid) -> Option<Arc<Run>> {
        self.lock().iter().find(|run| run.id == id).cloned()
    }

    /// Begins a run; `None` if too many are under way.
    pub(super) fn begin(&self, begin: Begin) -> Option<Arc<Run>> {
        let Begin { action, principal, rate, sides, changes, is_cut } = begin;
        let progress = Mutex::new(Progress { of: changes.len(), ..Progress::default() });
        let (id, began) = (Uuid::now_v7(), Utc::now());
        let run = Arc::new(Run { id, action, principal, began, rate, is_cut, progress });
        let mut runs = self.lock();
        if runs.len() >= KEPT {
            let over = runs.iter().position(|run| run.progress().ended.is_some())?;
            runs.remove(over);
        }
        runs.push_back(Arc::clone(&run));
        let (running, stopping) = (Arc::clone(&run), self.stopping.clone());
        tokio::spawn(async move {
            let done = stopping.run_until_cancelled(running.carry_out(&sides, changes)).await;
            let stopped = || Err("the worker was stopped".to_owned());
            running.end(done.unwrap_or_else(stopped).err());
        });
        Some(run)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// Returns how far it has come.
    pub(super) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    async fn carry_out(
        &self,
        sides: &[SideClient; 2],
        changes: Vec<(Side, Uuid)>,
    ) -> Result<(), String> {
        let (size, pause) = step(self.rate);
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for side in sides {
            let of_side = changes.iter().filter(|(at, _)| *at == side.side());
            let ids = of_side.map(|(_, id)| *id).collect::<Vec<_>>();
            for ids in ids.chunks(size) {
                ticks.tick().await;
                self.act(side, ids).await?;
            }
        }
        Ok(())
    }

    async fn act(&self, side: &SideClient, ids: &[Uuid]) -> Result<(), String> {
        let selection = Selection { all: None, ids: Some(ids.to_vec()) };
        let done = side.act_on_parked(self.action, &selection).await;
        let done = done.map_err(|error| error.to_string())?;
        let outcome = |id: &Uuid| {
            let left = done.left.iter().find(|left| left.id == *id);
            Outcome { id: *id, side: side.side(), left: left.map(|left| left.reason.clone()) }
        };
        self.lock().results.extend(ids.iter().map(outcome));
        Ok(())
    }

    fn end(&self, failure: Option<String>) {
        let mut progress = self.lock();
        (progress.ended, progress.failure) = (Some(Utc::now()), failure);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how many changes a request of a rate is about, and the time from one to the next.
fn step(rate: u32) -> (usize, Duration) {
    let rate = rate.clamp(1, MAX_RATE);
    let size = rate.div_ceil(STEPS);
    let pause = Duration::from_secs_f64(f64::from(size) / f64::from(rate));
    (usize::try_from(size).unwrap_or(usize::MAX), pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_in_small_steps() {
        let expected =
            [(1, 1, 1_000), (4, 1, 250), (10, 2, 200), (500, 100, 200), (9_999, 100, 200)];
        for (rate, size, millis) in expected {
            assert_eq!(step(rate), (size, Duration::from_millis(millis)), "{rate}");
        }
        assert_eq!(step(0), step(1));
    }
}
