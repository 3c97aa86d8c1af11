//! The parts of a log that were read, until their differences have been judged. Pure.
//!
//! Reading goes on while differences wait for the second look. Progress is made in the order of the
//! log all the same, so a crash repeats a range and skips none.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use shared_models::comparison::{LogState, MAX_COMPARED};

use super::boundaries::Boundary;
use super::judging::{Doubt, WayBack};

/// The most orders that are in doubt at once; while there are so many, nothing more is read.
const MOST_DOUBTS: usize = 10_000;
/// The most boundaries whose times are remembered.
const MOST_BOUNDARIES: usize = 64;

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
    pub doubts: Vec<Doubt>,
    /// The newest places in the logs of the source and of the peer that the answers can reflect.
    pub newest: [i64; 2],
}

/// A page with doubts, and the pages without any that follow it.
#[derive(Clone, Debug)]
struct Part {
    after: i64,
    page: Page,
    read_at: Instant,
    /// The times since which what each side had said has been on its way undisturbed.
    since: [Option<Instant>; 2],
}

impl Part {
    /// Returns the state of the way back once the part can be judged. A peer that publishes late,
    /// or a way back that is disturbed, is waited for twice the grace; then only the source's
    /// losses are counted.
    fn ripe(&self, now: Instant, grace: Duration) -> Option<WayBack> {
        let passed = |since: Instant, time| now.saturating_duration_since(since) >= time;
        let [source, peer] = self.since.map(|since| since.is_some_and(|it| passed(it, grace)));
        match (source, peer) {
            (true, true) => Some(WayBack::Open),
            (true, false) => passed(self.read_at, grace * 2).then_some(WayBack::Closed),
            (false, _) => None,
        }
    }
}

/// The progress of comparing a log.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    noted: i64,
    read: i64,
    parts: VecDeque<Part>,
    boundaries: VecDeque<Boundary>,
}

impl Progress {
    /// Takes in the place that is noted at the source, and the newest place of its log: another
    /// worker may have been faster, or the source may have been set back.
    pub fn follow(&mut self, compared: i64, newest: i64) {
        if compared < self.noted || newest < self.read {
            *self = Self::default();
        }
        self.noted = compared;
        self.read = self.read.max(compared);
        while self.parts.pop_front_if(|part| part.page.upto <= compared).is_some() {}
    }

    /// Remembers a boundary that is to be reached.
    pub fn head_for(&mut self, boundary: Boundary) {
        let is_full = self.boundaries.len() >= MOST_BOUNDARIES;
        match self.boundaries.back_mut() {
            Some(last) if last.place == boundary.place => *last = boundary,
            Some(_) if is_full => {}
            Some(_) | None => self.boundaries.push_back(boundary),
        }
    }

    /// Returns up to which time all commits have been compared, if that is later than before.
    pub fn as_of(&mut self) -> Option<DateTime<Utc>> {
        let (settled, mut as_of) = (self.settled(), None);
        while let Some(reached) = self.boundaries.pop_front_if(|it| it.place <= settled) {
            as_of = Some(reached.at);
        }
        as_of
    }

    /// Adds a page that was read after [`Self::read`].
    pub fn add(&mut self, page: Page, now: Instant) {
        let after = std::mem::replace(&mut self.read, page.upto);
        match self.parts.back_mut() {
            Some(part) if page.doubts.is_empty() => part.page.upto = page.upto,
            None if page.doubts.is_empty() => {}
            Some(_) | None => {
                self.parts.push_back(Part { after, page, read_at: now, since: [None; 2] });
            }
        }
    }

    /// Returns up to which place a side is to be asked whether it has published.
    #[must_use]
    pub fn awaits(&self, end: End) -> Option<i64> {
        let waiting = self.parts.iter().filter(|part| part.since[end as usize].is_none());
        waiting.map(|part| part.page.newest[end as usize]).max()
    }

    /// Takes in what a side has published up to the place that [`Self::awaits`] named.
    pub fn published(&mut self, end: End, log: &LogState, now: Instant) {
        for part in &mut self.parts {
            let since = &mut part.since[end as usize];
            if since.is_none() && log.has_published(part.page.newest[end as usize]) {
                *since = Some(now);
            }
        }
    }

    /// Begins the grace anew: what a side has published may be held up at this moment.
    pub fn disturbed(&mut self, end: End, now: Instant) {
        for part in &mut self.parts {
            let since = &mut part.since[end as usize];
            *since = since.map(|_| now);
        }
    }

    /// Returns the number of parts that can be judged together, and the state of the way back.
    #[must_use]
    pub fn ripe(&self, now: Instant, grace: Duration) -> Option<(usize, WayBack)> {
        let way_back = self.parts.front()?.ripe(now, grace)?;
        let (mut parts, mut doubts) = (0, 0);
        for part in &self.parts {
            doubts += part.page.doubts.len();
            if part.ripe(now, grace) != Some(way_back) || (parts > 0 && doubts > MAX_COMPARED) {
                break;
            }
            parts += 1;
        }
        Some((parts, way_back))
    }

    /// Returns the doubts of the first parts: of each order the last one, which says most.
    #[must_use]
    pub fn doubts(&self, parts: usize) -> Vec<Doubt> {
        let doubts = self.parts.iter().take(parts).flat_map(|part| &part.page.doubts);
        let (mut doubts, mut seen) = (doubts.collect::<Vec<_>>(), HashSet::new());
        doubts.reverse();
        doubts.retain(|doubt| seen.insert(doubt.source.id));
        doubts.into_iter().rev().cloned().collect()
    }

    /// Removes the first parts: their losses were offered.
    pub fn settle(&mut self, parts: usize) {
        self.parts.drain(..parts);
    }

    /// Returns the place up to which all is settled.
    #[must_use]
    pub fn settled(&self) -> i64 {
        self.parts.front().map_or(self.read, |part| part.after)
    }

    /// Returns the place up to which the log was read.
    #[must_use]
    pub const fn read(&self) -> i64 {
        self.read
    }

    /// Returns the place that is noted at the source.
    #[must_use]
    pub const fn noted(&self) -> i64 {
        self.noted
    }

    /// Returns the number of orders in doubt.
    #[must_use]
    pub fn held(&self) -> usize {
        self.parts.iter().map(|part| part.page.doubts.len()).sum()
    }

    /// Returns whether more may be read.
    #[must_use]
    pub fn may_read(&self) -> bool {
        self.held() < MOST_DOUBTS
    }

    /// Returns whether a side has not published for `long` what it had said.
    #[must_use]
    pub fn is_held_up(&self, end: End, now: Instant, long: Duration) -> bool {
        let is_late = |part: &Part| now.saturating_duration_since(part.read_at) > long;
        self.parts.front().is_some_and(|it| it.since[end as usize].is_none() && is_late(it))
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
