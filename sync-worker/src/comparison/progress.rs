//! The segments of a log that were read, until their differences have been judged. Pure.
//!
//! Reading goes on while differences wait for the second check. Progress is made in the order of the
//! log all the same, so a crash repeats a range and skips none.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use shared_models::comparison::{LogState, MAX_COMPARED};

use super::boundaries::Boundary;
use super::judging::{Difference, ReturnPath};

/// The most orders with differences at once; while there are so many, nothing more is read.
const MAX_DIFFERENCES: usize = 10_000;
/// The most boundaries whose times are remembered.
const MAX_BOUNDARIES: usize = 64;

/// An end of the direction that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The side whose log is read.
    Source,
    /// The other side.
    Peer,
}

/// A page of the log, and what differed.
#[derive(Clone, Debug)]
pub struct Page {
    /// The place up to which the log was read.
    pub upto: i64,
    /// The orders that differed.
    pub differences: Vec<Difference>,
    /// The newest places in the logs of the source and of the peer that the answers can reflect.
    pub newest: [i64; 2],
}

/// A page with differences, and the pages without any that follow it.
#[derive(Clone, Debug)]
struct Segment {
    after: i64,
    page: Page,
    read_at: Instant,
    /// For each side, the time since which all its changes up to `newest` have been published and the
    /// direction has carried them without delay.
    since: [Option<Instant>; 2],
}

impl Segment {
    /// Returns the state of the return path once the segment can be judged. A peer that publishes
    /// late, or a return path with a delay, is waited for twice the grace; then only the source's
    /// losses are counted.
    fn ready(&self, now: Instant, grace: Duration) -> Option<ReturnPath> {
        let passed = |since: Instant, time| now.saturating_duration_since(since) >= time;
        let [source, peer] = self.since.map(|since| since.is_some_and(|it| passed(it, grace)));
        match (source, peer) {
            (true, true) => Some(ReturnPath::Open),
            (true, false) => passed(self.read_at, grace * 2).then_some(ReturnPath::Blocked),
            (false, _) => None,
        }
    }
}

/// The progress of comparing a log.
#[derive(Clone, Debug, Default)]
pub struct ComparisonProgress {
    saved_to: i64,
    read_to: i64,
    segments: VecDeque<Segment>,
    boundaries: VecDeque<Boundary>,
    restarts: u64,
}

impl ComparisonProgress {
    /// Starts anew if the log is another one than before: what was read of that one says nothing of
    /// this one. Returns whether it is.
    pub fn follow(&mut self, restarts: u64) -> bool {
        let is_another = self.restarts != restarts;
        if is_another {
            *self = Self { restarts, ..Self::default() };
        }
        is_another
    }

    /// Adopts the place that is saved at the source, and the newest place of its log: another worker
    /// may have been faster, or the source may have been set back.
    pub fn synchronize(&mut self, compared: i64, newest: i64) {
        if compared < self.saved_to || newest < self.read_to {
            *self = Self { restarts: self.restarts, ..Self::default() };
        }
        self.saved_to = compared;
        self.read_to = self.read_to.max(compared);
        while self.segments.pop_front_if(|segment| segment.page.upto <= compared).is_some() {}
    }

    /// Remembers a boundary that is to be reached.
    pub fn add_boundary(&mut self, boundary: Boundary) {
        let is_full = self.boundaries.len() >= MAX_BOUNDARIES;
        match self.boundaries.back_mut() {
            Some(last) if last.place == boundary.place => *last = boundary,
            Some(_) if is_full => {}
            Some(_) | None => self.boundaries.push_back(boundary),
        }
    }

    /// Returns the time up to which all commits have been compared, if it is later than before.
    pub fn take_as_of(&mut self) -> Option<DateTime<Utc>> {
        let (judged_to, mut as_of) = (self.judged_to(), None);
        while let Some(reached) = self.boundaries.pop_front_if(|it| it.place <= judged_to) {
            as_of = Some(reached.at);
        }
        as_of
    }

    /// Adds a page that was read after [`Self::read_to`].
    pub fn add(&mut self, page: Page, now: Instant) {
        let after = std::mem::replace(&mut self.read_to, page.upto);
        match self.segments.back_mut() {
            Some(segment) if page.differences.is_empty() => segment.page.upto = page.upto,
            None if page.differences.is_empty() => {}
            Some(_) | None => {
                self.segments.push_back(Segment { after, page, read_at: now, since: [None; 2] });
            }
        }
    }

    /// Returns the place up to which a side has yet to confirm that it has published.
    #[must_use]
    pub fn place_to_publish(&self, end: End) -> Option<i64> {
        let waiting = self.segments.iter().filter(|segment| segment.since[end as usize].is_none());
        waiting.map(|segment| segment.page.newest[end as usize]).max()
    }

    /// Records what a side has published up to the place that [`Self::place_to_publish`] named.
    pub fn record_published(&mut self, end: End, log: &LogState, now: Instant) {
        for segment in &mut self.segments {
            let since = &mut segment.since[end as usize];
            if since.is_none() && log.has_published(segment.page.newest[end as usize]) {
                *since = Some(now);
            }
        }
    }

    /// Begins the grace anew: what a side has published may be delayed at this moment.
    pub fn restart_grace(&mut self, end: End, now: Instant) {
        for segment in &mut self.segments {
            let since = &mut segment.since[end as usize];
            *since = since.map(|_| now);
        }
    }

    /// Returns the number of segments that can be judged together, and the state of the return path.
    #[must_use]
    pub fn ready(&self, now: Instant, grace: Duration) -> Option<(usize, ReturnPath)> {
        let return_path = self.segments.front()?.ready(now, grace)?;
        let (mut count, mut differences) = (0, 0);
        for segment in &self.segments {
            differences += segment.page.differences.len();
            let is_too_long = count > 0 && differences > MAX_COMPARED;
            if segment.ready(now, grace) != Some(return_path) || is_too_long {
                break;
            }
            count += 1;
        }
        Some((count, return_path))
    }

    /// Returns the differences of the first segments: the last one of each order, which is the most recent.
    #[must_use]
    pub fn differences(&self, segments: usize) -> Vec<Difference> {
        let segments = self.segments.iter().take(segments);
        let differences = segments.flat_map(|segment| &segment.page.differences);
        let (mut differences, mut seen) = (differences.collect::<Vec<_>>(), HashSet::new());
        differences.reverse();
        differences.retain(|difference| seen.insert(difference.source.id));
        differences.into_iter().rev().cloned().collect()
    }

    /// Removes the first segments: their losses were offered.
    pub fn complete(&mut self, segments: usize) {
        self.segments.drain(..segments);
    }

    /// Returns the place up to which everything has been judged.
    #[must_use]
    pub fn judged_to(&self) -> i64 {
        self.segments.front().map_or(self.read_to, |segment| segment.after)
    }

    /// Returns the place up to which the log was read.
    #[must_use]
    pub const fn read_to(&self) -> i64 {
        self.read_to
    }

    /// Returns the place that is saved at the source.
    #[must_use]
    pub const fn saved_to(&self) -> i64 {
        self.saved_to
    }

    /// Returns the number of orders with differences that are not judged yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.segments.iter().map(|segment| segment.page.differences.len()).sum()
    }

    /// Returns whether more may be read.
    #[must_use]
    pub fn may_read(&self) -> bool {
        self.pending() < MAX_DIFFERENCES
    }

    /// Returns whether a side's changes up to a page are still unpublished `long` after it was read.
    #[must_use]
    pub fn is_publishing_late(&self, end: End, now: Instant, long: Duration) -> bool {
        let is_late = |segment: &Segment| now.saturating_duration_since(segment.read_at) > long;
        self.segments.front().is_some_and(|it| it.since[end as usize].is_none() && is_late(it))
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
