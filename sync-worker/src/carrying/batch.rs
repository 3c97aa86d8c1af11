//! A batch of messages from delivery to settlement: which request to send next, and what an answer
//! means for each message. Pure; the carrier sends the requests.
//!
//! The newest change of an order supersedes the older ones. If it is turned down, they are sent by
//! themselves: the fault in it need not be in them. A request that is refused as a whole, or over
//! which the peer fails, is halved until the offending change is alone.

use std::num::NonZeroU32;

use shared_models::coalesce::spokesmen;
use shared_models::rules::Rule;
use shared_models::sync::{OrderChange, Outcome};

use super::decide::Decided;
use super::obstacle::Obstacle;
use crate::side_client::answer::Answer;

/// The outcome of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The message was not sent to the peer, by this rule.
    Dropped(Rule),
    /// The peer has the change.
    Carried,
    /// The change could not be carried while others could, for this reason.
    Parked(Obstacle),
    /// The change could not be carried now.
    GivenBack,
}

/// The messages of a batch, in the order of delivery.
#[derive(Debug)]
pub struct Batch {
    fates: Vec<Option<Fate>>,
    under_way: Vec<UnderWay>,
    changes: Vec<OrderChange>,
    /// The requests still to be sent, the next one last; each is a list of indices in `changes`.
    requests: Vec<Request>,
    /// The number of times that the peer may fail over a change that is alone.
    tries_alone: NonZeroU32,
    /// Set while more than one change was to be sent, and none has been taken or refused.
    nothing_gets_through: bool,
}

/// The message of a change, and the change that supersedes it (or itself).
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    message: usize,
    spokesman: usize,
    /// The number of times that the peer failed over it when it was alone.
    failures: u32,
}

/// A request: the indices of some of the batch's changes, to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<usize>);

impl Batch {
    /// Creates a batch from the decisions on its messages. A change over which the peer fails
    /// `tries_alone` times while it is alone is taken to be the cause.
    #[must_use]
    pub fn new(decided: Vec<Decided>, tries_alone: NonZeroU32) -> Self {
        let (mut fates, mut changes, mut messages) = (vec![], vec![], vec![]);
        for (message, decided) in decided.into_iter().enumerate() {
            fates.push(match decided {
                Decided::Drop(rule) => Some(Fate::Dropped(rule)),
                Decided::Park(obstacle) => Some(Fate::Parked(obstacle)),
                Decided::Carry(change) => {
                    changes.push(*change);
                    messages.push(message);
                    None
                }
            });
        }
        let speakers = messages.into_iter().zip(spokesmen(&changes));
        let under_way: Vec<_> = speakers
            .map(|(message, spokesman)| UnderWay { message, spokesman, failures: 0 })
            .collect();
        let speaks = |index: &usize| under_way[*index].spokesman == *index;
        let all = Request((0..changes.len()).filter(speaks).collect());
        let nothing_gets_through = all.0.len() > 1;
        let requests = vec![];
        let mut batch =
            Self { fates, under_way, changes, requests, tries_alone, nothing_gets_through };
        batch.ask_later(all);
        batch
    }

    /// Returns the next request to send, if there is one.
    pub fn next_request(&mut self) -> Option<Request> {
        self.requests.pop()
    }

    /// Returns the changes of a request.
    #[must_use]
    pub fn changes(&self, request: &Request) -> Vec<&OrderChange> {
        request.0.iter().map(|index| &self.changes[*index]).collect()
    }

    /// Returns how often the peer has failed over this request, if it holds a single change.
    #[must_use]
    pub fn failures(&self, request: &Request) -> u32 {
        match request.0.as_slice() {
            [only] => self.under_way[*only].failures,
            _ => 0,
        }
    }

    /// Returns whether one more failure over this request would point to the peer, even though it
    /// reports to be ready: it has failed over every single change of several.
    #[must_use]
    pub fn speaks_against_the_peer(&self, request: &Request) -> bool {
        self.nothing_gets_through && self.is_last_try(request)
    }

    /// Takes in the answer to a request. After [`Answer::Failed`] the peer is assumed to be ready.
    pub fn answered(&mut self, request: Request, answer: Answer) {
        match answer {
            Answer::Taken(outcomes) => self.taken(&request, outcomes),
            Answer::Refused(reason) => self.refused(request, reason),
            Answer::Failed(reason) => self.failed(request, reason),
            Answer::Away(_) => self.give_back(),
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

    fn taken(&mut self, request: &Request, outcomes: Vec<Outcome>) {
        self.nothing_gets_through = false;
        let mut known = vec![false; self.changes.len()];
        let mut rejected = vec![];
        for (index, outcome) in request.0.iter().copied().zip(outcomes) {
            match outcome {
                Outcome::Applied | Outcome::Merged | Outcome::Stale => known[index] = true,
                Outcome::Rejected { reason } => rejected.push((index, Obstacle::lasting(reason))),
            }
        }
        for UnderWay { message, spokesman, .. } in &self.under_way {
            if known[*spokesman] {
                self.fates[*message].get_or_insert(Fate::Carried);
            }
        }
        self.turned_down(rejected);
    }

    fn refused(&mut self, request: Request, reason: String) {
        match request.0.as_slice() {
            [only] => {
                self.nothing_gets_through = false;
                self.turned_down(vec![(*only, Obstacle::passing(reason))]);
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
                self.turned_down(vec![(*only, Obstacle::passing(reason))]);
            }
            [only] => {
                self.under_way[*only].failures += 1;
                self.requests.insert(0, request);
            }
            _ => self.halve(request),
        }
    }

    fn is_last_try(&self, request: &Request) -> bool {
        match request.0.as_slice() {
            [only] => self.under_way[*only].failures + 1 >= self.tries_alone.get(),
            _ => false,
        }
    }

    fn halve(&mut self, Request(mut first): Request) {
        let second = first.split_off(first.len() / 2);
        self.ask_later(Request(second));
        self.ask_later(Request(first));
    }

    /// Parks these changes; the changes that they superseded will be sent by themselves.
    fn turned_down(&mut self, changes: Vec<(usize, Obstacle)>) {
        let mut deserted = vec![];
        for (index, obstacle) in changes {
            self.fates[self.under_way[index].message] = Some(Fate::Parked(obstacle));
            for (other, way) in self.under_way.iter_mut().enumerate() {
                if way.spokesman == index && other != index {
                    way.spokesman = other;
                    deserted.push(other);
                }
            }
        }
        self.ask_later(Request(deserted));
    }

    fn ask_later(&mut self, request: Request) {
        if !request.0.is_empty() {
            self.requests.push(request);
        }
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
