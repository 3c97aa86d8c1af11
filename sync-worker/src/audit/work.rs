//! The work of a run: reads both sides' orders by their ids, stretch by stretch, and settles what differs.
//!
//! The end of a stretch is stored with what was found up to there, so that the next run goes on from it. Few
//! orders are in memory at a time, however many there are.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::Value;
use shared_models::comparison::MAX_COMPARED;
use shared_models::runs::{Run, RunFailure, SetCursors};
use tokio::time::sleep;
use uuid::Uuid;

use super::asking::{Places, Sides, patiently};
use super::figures::AuditFigures;
use super::report::{Findings, Progress, Report};
use super::rules::{Joined, Pair};
use super::settling::settle;
use crate::comparison::pace::pause;
use crate::side_client::jobs::RunError;
use crate::sources::run::{Held, Outcome, Work};

/// The pages of a stretch in which nothing differs.
const PAGES: usize = 10;
/// The most pages of a stretch: what is read again if the worker is killed.
const MAX_PAGES: usize = 100;
/// The time after which a run that failed is tried again.
const AGAIN: Duration = Duration::from_secs(600);

/// Is told how far an audit has come.
pub type OnProgress = Arc<dyn Fn(&Report) + Send + Sync>;

/// What a run of an audit does.
pub struct Audit {
    pub(super) sides: Sides,
    /// The pause after a page, as a multiple of the time that the page took.
    pub(super) rest: NonZeroU32,
    pub(super) figures: Arc<AuditFigures>,
    pub(super) on_progress: OnProgress,
}

impl Work for Audit {
    const RESUMES: bool = true;
    const LOOK: Duration = Duration::from_secs(15);

    async fn work(&self, run: &Held) -> Outcome {
        let mut progress = Progress::begin(&run.cursors, run.requested, Utc::now());
        let before = counts(&progress.report.findings);
        let ended = self.audit(run, &mut progress).await;
        let mut report = progress.report;
        let mut outcome = Outcome::default();
        for ((name, count), (_, before)) in counts(&report.findings).into_iter().zip(before) {
            outcome.add(name, count - before);
        }
        match ended {
            Ok(()) => {
                report.to = Some(Utc::now());
                outcome.cursors = Some(report.cursors_at_end());
            }
            Err(failure) => {
                outcome.again_after = Some(AGAIN);
                outcome.fail(failure);
            }
        }
        Outcome { report: told(&report), ..outcome }
    }

    fn ended(&self, run: &Run) {
        self.figures.ended(run);
    }
}

/// Returns the counts of a run. Those of an earlier run that it continues are not its own.
const fn counts(findings: &Findings) -> [(&'static str, u64); 5] {
    let Findings { compared, found, healed, left, dropped, .. } = *findings;
    [
        ("compared", compared),
        ("found", found),
        ("healed", healed),
        ("left", left),
        ("dropped", dropped),
    ]
}

/// The orders that are read until what differs among them is settled.
#[derive(Default)]
struct Stretch {
    after: Option<Uuid>,
    pages: usize,
    is_last: bool,
    findings: Findings,
    /// The orders that differ.
    differing: Vec<Pair>,
    /// The newest places in the logs that their states may reflect.
    newest: Places,
}

impl Stretch {
    fn add(&mut self, Joined { pairs, upto }: Joined, newest: Places) {
        self.after = upto.or(self.after);
        self.is_last = upto.is_none();
        self.pages += 1;
        for pair in pairs {
            match pair.agrees() {
                true => self.findings.add_equal(&pair),
                false => self.differing.push(pair),
            }
        }
        for (seen, newest) in self.newest.iter_mut().zip(newest) {
            *seen = newest.max(*seen);
        }
    }

    /// Returns whether it ends here. One without a difference is short, as its end costs nothing; with one, to
    /// settle that may take some seconds.
    fn is_over(&self) -> bool {
        let pages = if self.differing.is_empty() { PAGES } else { MAX_PAGES };
        self.is_last || self.pages >= pages || self.differing.len() >= MAX_COMPARED
    }
}

impl Audit {
    async fn audit(&self, run: &Held, progress: &mut Progress) -> Result<(), RunFailure> {
        self.save(run, progress).await?;
        loop {
            let stretch = self.read(progress).await?;
            let Stretch { after, is_last, mut findings, differing, newest, .. } = stretch;
            for part in differing.chunks(MAX_COMPARED) {
                findings.add(settle(&self.sides, part.to_vec(), newest).await?);
            }
            progress.after = after;
            progress.report.findings.add(findings);
            (self.on_progress)(&progress.report);
            if is_last {
                return Ok(());
            }
            self.save(run, progress).await?;
        }
    }

    /// Reads a stretch, and rests after each page, so that the sides have time for others.
    async fn read(&self, progress: &Progress) -> Result<Stretch, RunFailure> {
        let mut stretch = Stretch { after: progress.after, ..Stretch::default() };
        while !stretch.is_over() {
            let began = Instant::now();
            let (page, newest) = self.sides.page(stretch.after).await?;
            stretch.add(page, newest);
            if !stretch.is_last {
                sleep(pause(began.elapsed(), self.rest, Duration::ZERO)).await;
            }
        }
        Ok(stretch)
    }

    async fn save(&self, run: &Held, progress: &Progress) -> Result<(), RunFailure> {
        let report = told(&progress.report);
        let saved = SetCursors { run: run.id, cursors: progress.cursors(), report };
        patiently(|| async {
            match self.sides.store.set_progress(&run.job, saved.clone()).await {
                Err(RunError::Failed(detail)) => Err(detail),
                ended => Ok(ended),
            }
        })
        .await?
        .map_err(RunFailure::from)
    }
}

fn told(report: &Report) -> Option<Value> {
    serde_json::to_value(report).ok()
}
