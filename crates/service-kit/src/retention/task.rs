//! The relay's task for retention: each step is a small transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::schedule::{End, Part, Schedule};
use super::{Counts, RetentionCounts, RetentionSettings, Swept, changes, parked, removed};
use crate::database::{DatabaseError, in_time, now};
use crate::relay::{Task, TaskOutcome};
use crate::resource::Resources;

/// The timeout of each statement of a step, in milliseconds. All are bounded by limits, so one that
/// takes longer met an overloaded machine; waiting changes are published meanwhile.
const SET_TIMEOUT: &str = "set local statement_timeout = 1000";

/// The task that deletes what is old.
#[derive(Debug)]
pub(crate) struct RetentionTask {
    resources: Resources,
    settings: RetentionSettings,
    counts: RetentionCounts,
    schedule: Mutex<Schedule>,
}

impl Task for RetentionTask {
    /// Adds nothing to the outbox.
    fn waits_for_publishing(&self) -> bool {
        false
    }

    fn step<'a>(
        &'a self,
        session: &'a mut AsyncPgConnection,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>> {
        self.delete_next(session, deadline).boxed()
    }
}

impl RetentionTask {
    /// Creates the task; what it deletes is added to `counts`.
    pub(crate) fn new(
        resources: Resources,
        settings: RetentionSettings,
        counts: RetentionCounts,
    ) -> Self {
        Self { resources, settings, counts, schedule: Mutex::default() }
    }

    /// Deletes the next rows of the first part that has any.
    async fn delete_next(
        &self,
        session: &mut AsyncPgConnection,
        deadline: Duration,
    ) -> Result<TaskOutcome, DatabaseError> {
        let parts = self.schedule().due(Instant::now());
        for part in parts {
            let Some(before) = self.before(part) else { continue };
            let (limit, swept) = self.schedule().extent();
            let step = Step { part, before, limit, swept };
            let working = session.transaction(async |it| self.work(it, step).await);
            let worked = in_time(deadline, working).await;
            let end = match &worked {
                Ok(Ok((end, counts))) => {
                    self.counts.add(*counts);
                    *end
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, ?part, "deleting what is old failed; trying again later");
                    End::Failed
                }
                Err(_) => End::Failed,
            };
            self.schedule().ended(part, end, Instant::now());
            // One that took too long ends the session: it may still be under way in it.
            let _ = worked?;
            match end {
                End::Nothing => {}
                End::All | End::More { .. } => return Ok(TaskOutcome::Deleted),
                End::Failed => return Ok(TaskOutcome::Failed),
            }
        }
        Ok(TaskOutcome::Nothing)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time before which a part may be deleted, if any may.
    fn before(&self, part: Part) -> Option<DateTime<Utc>> {
        let RetentionSettings { changes, parked, tombstones } = self.settings;
        let keep = match part {
            Part::Changes => changes,
            Part::Parked | Part::Events => parked,
            Part::Removed => tombstones,
        };
        keep.before(now())
    }

    /// Takes a step in the transaction of the caller; returns what was deleted.
    async fn work(
        &self,
        connection: &mut AsyncPgConnection,
        step: Step,
    ) -> QueryResult<(End, Counts)> {
        let Step { part, before, limit, swept } = step;
        diesel::sql_query(SET_TIMEOUT).execute(connection).await?;
        match part {
            Part::Changes => self.trim(connection, before, limit).await,
            Part::Parked => {
                let deleted = parked::delete_settled(connection, before, limit).await?;
                let counts = Counts { parked: deleted as u64, ..Counts::default() };
                Ok((ended(deleted, limit), counts))
            }
            Part::Events => {
                let end = match parked::sweep_events(connection, swept, before, limit).await? {
                    Swept::Upto(after) => End::More { after },
                    Swept::All => End::Nothing,
                };
                Ok((end, Counts::default()))
            }
            Part::Removed => {
                let mut most = 0;
                let mut counts = Counts::default();
                for resource in self.resources.each() {
                    let purged = removed::purge(connection, resource, before, limit).await?;
                    counts.removed += purged as u64;
                    most = most.max(purged);
                }
                Ok((ended(most, limit), counts))
            }
        }
    }

    async fn trim(
        &self,
        connection: &mut AsyncPgConnection,
        before: DateTime<Utc>,
        limit: u16,
    ) -> QueryResult<(End, Counts)> {
        if !changes::is_due(connection, before).await? {
            return Ok((End::Nothing, Counts::default()));
        }
        let trimmed = changes::trim(connection, &self.resources, before, limit).await?;
        let Some(trimmed) = trimmed else { return Ok((End::Nothing, Counts::default())) };
        let counts = Counts { changes: trimmed.deleted, ..Counts::default() };
        let passed = usize::try_from(trimmed.passed).unwrap_or(usize::MAX);
        Ok((ended(passed, limit), counts))
    }
}

/// A step to take.
#[derive(Clone, Copy, Debug)]
struct Step {
    part: Part,
    before: DateTime<Utc>,
    limit: u16,
    /// The event after which the sweep goes on.
    swept: Uuid,
}

/// Returns the end of a step that took this many rows.
fn ended(count: usize, limit: u16) -> End {
    match count {
        0 => End::Nothing,
        count if count < usize::from(limit) => End::All,
        _ => End::More { after: Uuid::nil() },
    }
}
