//! The hub of a program: the one reader of the log that all followers share.
//!
//! While there are followers, the end of the log is read at an interval and kept in memory, as far as a
//! limit of bytes allows. A follower has only its position: one that is further back reads the log
//! itself, and so nothing is buffered for one that is slow.

use std::collections::VecDeque;
use std::iter::from_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cursor::Position;
use super::entry::Entry;
use super::filter::Filter;
use super::storage::{LogPart, read_part};
use crate::database::{Database, DatabaseError};

/// The interval at which the end of the log is read.
const INTERVAL: Duration = Duration::from_millis(20);
/// The interval after a read of [`MANY`] entries: where much is written, reading more at once leaves
/// more of the processor to writers.
const INTERVAL_OF_MANY: Duration = Duration::from_millis(50);
/// The number of entries from which on a read was of many.
const MANY: usize = 100;
/// The pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The most entries that are read at once. After so many the next are read without a pause.
const READ: usize = 1_000;
/// The most entries of a batch, which is kept, sent and forgotten as a whole.
const BATCH: usize = 200;
/// The most bytes that are kept, of entries and of their texts.
const MAX_BYTES: usize = 16 << 20;
/// The most choices for which a batch keeps its text.
const MAX_TEXTS: usize = 2;

/// The hub of a program.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    max_followers: usize,
    followers: AtomicUsize,
    /// The end of the log as far as it was read; `None` while nobody follows.
    tail: Mutex<Option<Tail>>,
    /// The position up to which the log was read.
    read_to: watch::Sender<Position>,
    /// Whether there are followers, for the reader to wait for one.
    wanted: watch::Sender<bool>,
    /// How often the log was found to be another one, or to have been set back.
    restarts: AtomicUsize,
    /// The time at which the log was last read.
    read_at: Mutex<Option<Instant>>,
}

/// The kept end of the log.
struct Tail {
    incarnation: Uuid,
    /// The position before the first batch.
    start: Position,
    batches: VecDeque<Arc<Batch>>,
    bytes: usize,
}

/// The entries that were read at once.
pub(super) struct Batch {
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) end: Position,
    bytes: usize,
    texts: Mutex<Vec<(u64, Bytes)>>,
}

/// What the hub has for a position.
pub(super) enum Kept {
    /// The log is another one than when the follower began.
    OtherLog,
    /// The end of the log was not read yet.
    NotYet,
    /// The entries after the position are in this batch.
    Batch(Arc<Batch>),
    /// There are no entries up to this position.
    Nothing(Position),
    /// The position is further back: its entries must be read from the log.
    InTheLog,
}

/// A follower of the log.
pub(super) struct Follower {
    hub: Hub,
    restarts: usize,
    read_to: watch::Receiver<Position>,
}

impl Batch {
    fn new(entries: Vec<Entry>, end: Position) -> Self {
        let of_entries = entries.iter().map(|entry| entry.body.len() + size_of::<Entry>());
        let bytes = of_entries.sum::<usize>() * (1 + MAX_TEXTS);
        let entries = entries.into_iter().map(Arc::new).collect();
        Self { entries, end, bytes, texts: Mutex::default() }
    }

    /// Returns the text of the whole batch for the choice of this digest, made once for all its
    /// followers.
    pub(super) fn text<E>(
        &self,
        digest: u64,
        make: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let texts = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = texts().iter().find(|(of, _)| *of == digest) {
            return Ok(text.clone());
        }
        // Not under the lock, for which other threads would wait.
        let text = make()?;
        let mut texts = texts();
        if texts.len() < MAX_TEXTS {
            texts.push((digest, text.clone()));
        }
        Ok(text)
    }
}

/// Returns batches of entries; the last one ends at `end`.
fn batches(entries: Vec<Entry>, end: Position) -> impl Iterator<Item = Batch> {
    let mut left = entries.into_iter().peekable();
    from_fn(move || {
        let batch = left.by_ref().take(BATCH).collect::<Vec<_>>();
        let last = batch.last()?.position;
        let end = if left.peek().is_some() { last } else { end };
        Some(Batch::new(batch, end))
    })
}

impl Tail {
    const fn new(incarnation: Uuid, start: Position) -> Self {
        Self { incarnation, start, batches: VecDeque::new(), bytes: 0 }
    }

    fn add(&mut self, batch: Batch) {
        self.bytes += batch.bytes;
        self.batches.push_back(Arc::new(batch));
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.batches.pop_front()
        {
            self.bytes -= oldest.bytes;
            self.start = oldest.end;
        }
    }

    fn after(&self, position: Position, read_to: Position) -> Kept {
        if position < self.start {
            return Kept::InTheLog;
        }
        let next = self.batches.partition_point(|batch| batch.end <= position);
        match self.batches.get(next) {
            Some(batch) => Kept::Batch(Arc::clone(batch)),
            None => Kept::Nothing(read_to.max(position)),
        }
    }
}

impl Hub {
    /// Creates the hub of a program, which has at most so many followers.
    pub(crate) fn new(max_followers: usize) -> Self {
        let (read_to, wanted) = (watch::Sender::new(Position::START), watch::Sender::new(false));
        let (followers, restarts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (tail, read_at) = (Mutex::new(None), Mutex::new(None));
        Self(Arc::new(Shared {
            max_followers,
            followers,
            tail,
            read_to,
            wanted,
            restarts,
            read_at,
        }))
    }

    fn tail(&self) -> MutexGuard<'_, Option<Tail>> {
        self.0.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a follower, unless there are too many.
    pub(super) fn follow(&self) -> Option<Follower> {
        let add = |count: usize| (count < self.0.max_followers).then_some(count + 1);
        let added = self.0.followers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add).is_ok();
        added.then(|| {
            self.0.wanted.send_replace(true);
            let restarts = self.0.restarts.load(Ordering::SeqCst);
            Follower { hub: self.clone(), restarts, read_to: self.0.read_to.subscribe() }
        })
    }

    /// Returns how many followers there may be.
    pub(super) fn max_followers(&self) -> usize {
        self.0.max_followers
    }

    /// Returns the number of followers.
    #[must_use]
    pub fn followers(&self) -> i64 {
        i64::try_from(self.0.followers.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    /// Reads the end of the log while there are followers, until asked to stop.
    pub(crate) async fn run(self, database: Database, stop: CancellationToken) {
        stop.run_until_cancelled(self.read_on(&database)).await;
    }

    async fn read_on(&self, database: &Database) {
        let mut wanted = self.0.wanted.subscribe();
        // The sender is in the hub, so it is not gone.
        while wanted.wait_for(|wanted| *wanted).await.is_ok() {
            let began = Instant::now();
            match self.read_once(database).await {
                Ok(READ..) => {}
                Ok(MANY..) => sleep_until(began + INTERVAL_OF_MANY).await,
                Ok(_) => sleep_until(began + INTERVAL).await,
                Err(error) => {
                    tracing::warn!(%error, "the log cannot be read for its followers; trying again");
                    sleep(AFTER_FAILURE).await;
                }
            }
            self.rest_if_unwanted();
        }
    }

    /// Reads what follows the tail. Returns the number of entries that were looked at.
    async fn read_once(&self, database: &Database) -> Result<usize, DatabaseError> {
        let is_new = self.tail().is_none();
        // A new tail begins after the newest change.
        let after = if is_new { Position::END } else { *self.0.read_to.borrow() };
        let reading = database.read_end_of_log(async |connection| {
            read_part(connection, after, READ, &Filter::default()).await
        });
        let LogPart { state, entries, looked_at, last } = reading.await?;
        *self.read_at() = Some(Instant::now());
        let end = last.unwrap_or(state.end());
        let mut kept = self.tail();
        let is_set_back =
            kept.as_ref().is_some_and(|tail| tail.incarnation != state.incarnation || end < after);
        if is_set_back {
            tracing::warn!("the database was set back: followers of its changes begin again");
            self.0.restarts.fetch_add(1, Ordering::SeqCst);
            *kept = None;
        } else {
            let tail = kept.get_or_insert_with(|| Tail::new(state.incarnation, end));
            batches(entries, end).for_each(|batch| tail.add(batch));
        }
        drop(kept);
        let read_to = end.max(if is_new || is_set_back { end } else { after });
        self.0.read_to.send_if_modified(|it| {
            std::mem::replace(it, read_to) != read_to || is_new || is_set_back
        });
        Ok(looked_at)
    }

    fn read_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.read_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time since the log was last read for the followers; zero while there are none.
    #[must_use]
    pub fn read_age(&self) -> Duration {
        let read_at = if self.followers() > 0 { *self.read_at() } else { None };
        read_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    fn rest_if_unwanted(&self) {
        self.0.wanted.send_if_modified(|wanted| {
            *wanted = self.followers() > 0;
            if !*wanted {
                *self.tail() = None;
                *self.read_at() = None;
            }
            false
        });
    }
}

impl Follower {
    /// Returns the number of followers of the program, of which this is one.
    pub(super) fn count(&self) -> usize {
        self.hub.0.followers.load(Ordering::Relaxed).max(1)
    }

    /// Returns what the hub has after a position in the log of this incarnation.
    pub(super) fn after(&mut self, position: Position, incarnation: Uuid) -> Kept {
        let read_to = *self.read_to.borrow_and_update();
        if self.restarts != self.hub.0.restarts.load(Ordering::SeqCst) {
            return Kept::OtherLog;
        }
        match &*self.hub.tail() {
            Some(tail) if tail.incarnation != incarnation => Kept::OtherLog,
            Some(tail) => tail.after(position, read_to),
            None => Kept::NotYet,
        }
    }

    /// Waits until the log was read further.
    pub(super) async fn changed(&mut self) {
        // The sender is in the hub, so it is not gone.
        let _ = self.read_to.changed().await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.hub.0.followers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
