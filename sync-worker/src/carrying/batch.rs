//! A batch of messages from delivery to settlement: which request to send next, and what an answer
//! means for each message. Pure; the module `consuming` sends the requests.
//!
//! The newest change of a record supersedes the older ones. If it is parked, they are sent by
//! themselves: the fault in it need not be in them. A request that is refused as a whole, or over
//! which the peer fails, is halved until the offending change is alone.

use std::num::NonZeroU32;

use shared_models::coalesce::{Supersede, superseding};
use shared_models::sync::Outcome;

use crate::lanes::{Decision, Fate, Obstacle};
use crate::side_client::answer::Answer;

/// The messages of a batch, in the sequence of delivery.
#[derive(Debug)]
pub struct MessageBatch<C> {
    fates: Vec<Option<Fate>>,
    tracked: Vec<TrackedChange>,
    changes: Vec<C>,
    /// The requests still to be sent, the next one last; each is a list of indices in `changes`.
    requests: Vec<Request>,
    /// The number of times that the peer may fail over a change that is alone.
    tries_alone: NonZeroU32,
    /// Set while the peer has processed none of several changes: then it is the peer that fails, not
    /// a change.
    none_processed: bool,
}

/// The message of a change, and the change that supersedes it (or itself).
#[derive(Clone, Copy, Debug)]
struct TrackedChange {
    message: usize,
    superseded_by: usize,
    /// The number of times that the peer failed over it when it was alone.
    failures: u32,
}

/// A request: the indices of some of the batch's changes, to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<usize>);

impl<C: Supersede> MessageBatch<C> {
    /// Creates a batch from the decisions on its messages. A change over which the peer fails
    /// `tries_alone` times while it is alone is taken to be the cause.
    #[must_use]
    pub fn new(decisions: impl Iterator<Item = Decision<C>>, tries_alone: NonZeroU32) -> Self {
        let (mut fates, mut changes, mut messages) = (vec![], vec![], vec![]);
        for (message, decision) in decisions.enumerate() {
            fates.push(match decision {
                Decision::Drop(rule) => Some(Fate::Dropped(rule)),
                Decision::Park(obstacle) => Some(Fate::Parked(obstacle)),
                Decision::Send(change) => {
                    changes.push(*change);
                    messages.push(message);
                    None
                }
            });
        }
        let superseding = messages.into_iter().zip(superseding(&changes));
        let tracked: Vec<_> = superseding
            .map(|(message, superseded_by)| TrackedChange { message, superseded_by, failures: 0 })
            .collect();
        let is_newest = |index: &usize| tracked[*index].superseded_by == *index;
        let all = Request((0..changes.len()).filter(is_newest).collect());
        let none_processed = all.0.len() > 1;
        let requests = vec![];
        let mut batch = Self { fates, tracked, changes, requests, tries_alone, none_processed };
        batch.push_request(all);
        batch
    }
}

impl<C> MessageBatch<C> {
    /// Returns the next request to send, if there is one.
    pub fn next_request(&mut self) -> Option<Request> {
        self.requests.pop()
    }

    /// Returns the changes of a request.
    #[must_use]
    pub fn changes(&self, request: &Request) -> Vec<&C> {
        request.0.iter().map(|index| &self.changes[*index]).collect()
    }

    /// Returns, for each change of a request, the message that it came with.
    pub fn messages(&self, request: &Request) -> impl Iterator<Item = usize> {
        request.0.iter().map(|index| self.tracked[*index].message)
    }

    /// Returns how often the peer has failed over this request, if it holds a single change.
    #[must_use]
    pub fn failures(&self, request: &Request) -> u32 {
        match request.0.as_slice() {
            [only] => self.tracked[*only].failures,
            _ => 0,
        }
    }

    /// Returns whether one more failure over this request would point to the peer, even though it
    /// reports to be ready: it has failed over every single change of several.
    #[must_use]
    pub fn failure_points_to_peer(&self, request: &Request) -> bool {
        self.none_processed && self.is_last_try(request)
    }

    /// Records the answer to a request. After [`Answer::Failed`] the peer is assumed to be ready.
    pub fn answered(&mut self, request: Request, answer: Answer) {
        match answer {
            Answer::Processed(outcomes) => self.processed(&request, outcomes),
            Answer::Refused(reason) => self.refused(request, reason),
            Answer::Failed(reason) => self.failed(request, reason),
            Answer::Unavailable(_) => self.give_back(),
        }
    }

    /// Gives back every message that has not been carried yet.
    pub fn give_back(&mut self) {
        self.requests.clear();
        for fate in &mut self.fates {
            fate.get_or_insert(Fate::GivenBack);
        }
    }

    /// Returns the fate of each message, when no request is left to send.
    #[must_use]
    pub fn into_fates(self) -> Vec<Fate> {
        self.fates.into_iter().map(|fate| fate.unwrap_or(Fate::GivenBack)).collect()
    }

    fn processed(&mut self, request: &Request, outcomes: Vec<Outcome>) {
        self.none_processed = false;
        let mut known = vec![false; self.changes.len()];
        let mut rejected = vec![];
        for (index, outcome) in request.0.iter().copied().zip(outcomes) {
            match outcome {
                Outcome::Applied | Outcome::Merged | Outcome::Stale => known[index] = true,
                Outcome::Rejected { reason } => rejected.push((index, Obstacle::lasting(reason))),
            }
        }
        for TrackedChange { message, superseded_by, .. } in &self.tracked {
            if known[*superseded_by] {
                self.fates[*message].get_or_insert(Fate::Carried);
            }
        }
        self.park(rejected);
    }

    fn refused(&mut self, request: Request, reason: String) {
        match request.0.as_slice() {
            [only] => {
                self.none_processed = false;
                self.park(vec![(*only, Obstacle::passing(reason))]);
            }
            _ => self.halve(request),
        }
    }

    /// A failed request may work a moment later (a lock, a restart), and a parked change waits
    /// longer than that before it is offered again. So a change is parked only when the peer has
    /// failed over it repeatedly while it was alone, each time after all the other requests.
    fn failed(&mut self, request: Request, reason: String) {
        let is_last_try = self.is_last_try(&request);
        match request.0.as_slice() {
            [only] if is_last_try => {
                self.park(vec![(*only, Obstacle::passing(reason))]);
            }
            [only] => {
                self.tracked[*only].failures += 1;
                self.requests.insert(0, request);
            }
            _ => self.halve(request),
        }
    }

    fn is_last_try(&self, request: &Request) -> bool {
        match request.0.as_slice() {
            [only] => self.tracked[*only].failures + 1 >= self.tries_alone.get(),
            _ => false,
        }
    }

    fn halve(&mut self, Request(mut first): Request) {
        let second = first.split_off(first.len() / 2);
        self.push_request(Request(second));
        self.push_request(Request(first));
    }

    /// Parks these changes; the changes that they superseded will be sent by themselves.
    fn park(&mut self, changes: Vec<(usize, Obstacle)>) {
        let mut no_longer_superseded = vec![];
        for (index, obstacle) in changes {
            self.fates[self.tracked[index].message] = Some(Fate::Parked(obstacle));
            for (other, tracked) in self.tracked.iter_mut().enumerate() {
                if tracked.superseded_by == index && other != index {
                    tracked.superseded_by = other;
                    no_longer_superseded.push(other);
                }
            }
        }
        self.push_request(Request(no_longer_superseded));
    }

    fn push_request(&mut self, request: Request) {
        if !request.0.is_empty() {
            self.requests.push(request);
        }
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
