//! A batch of messages from its arrival to its settlement: which request is to be sent next, and
//! what an answer means for each message. Pure; the carrier sends the requests.
//!
//! The newest change of an order speaks for the older ones. Where it is turned down, they are told
//! by themselves: what is wrong with it need not be wrong with them. A request that is refused as a
//! whole, or over which the peer fails, is halved until the change that stands in the way is alone.

use std::num::NonZeroU32;

use shared_models::coalesce::spokesmen;
use shared_models::rules::Rule;
use shared_models::sync::{OrderChange, Outcome};

use super::decide::Decided;
use super::obstacle::Obstacle;
use crate::site_client::answer::Answer;

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The peer was not told, for this rule.
    Dropped(Rule),
    /// The peer knows what it says.
    Carried,
    /// It could not be carried while others could, for this reason.
    Parked(Obstacle),
    /// It could not be carried now.
    GivenBack,
}

/// The messages of a batch, in the order in which they came.
#[derive(Debug)]
pub struct Batch {
    fates: Vec<Option<Fate>>,
    under_way: Vec<UnderWay>,
    changes: Vec<OrderChange>,
    /// What is yet to be sent, the next request last; each is a list of indices in `changes`.
    requests: Vec<Request>,
    /// How often the peer may fail over a change that is alone.
    tries_alone: NonZeroU32,
    /// Whether more than one change was to be sent, and none of them has been taken or refused yet.
    nothing_gets_through: bool,
}

/// Where a change comes from, and who tells the peer of it.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    message: usize,
    spokesman: usize,
    /// How often the peer failed over it when it was alone.
    failures: u32,
}

/// Some of a batch's changes, to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<usize>);

impl Batch {
    /// A batch of messages of which this was decided. Where the peer fails over a change so often
    /// when it is alone, the change is to blame.
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

    /// What is to be sent next, if anything is.
    pub fn next_request(&mut self) -> Option<Request> {
        self.requests.pop()
    }

    /// The changes of a request.
    #[must_use]
    pub fn changes(&self, request: &Request) -> Vec<&OrderChange> {
        request.0.iter().map(|index| &self.changes[*index]).collect()
    }

    /// How often the peer failed over this request before, which holds one change.
    #[must_use]
    pub fn failures(&self, request: &Request) -> u32 {
        match request.0.as_slice() {
            [only] => self.under_way[*only].failures,
            _ => 0,
        }
    }

    /// Whether one more failure over this request would speak against the peer, even though it says
    /// that it is ready: it has failed over every single change of several.
    #[must_use]
    pub fn speaks_against_the_peer(&self, request: &Request) -> bool {
        self.nothing_gets_through && self.is_last_try(request)
    }

    /// Takes in what came of a request. The peer is taken to be ready where it failed.
    pub fn answered(&mut self, request: Request, answer: Answer) {
        match answer {
            Answer::Taken(outcomes) => self.taken(&request, outcomes),
            Answer::Refused(reason) => self.refused(request, reason),
            Answer::Failed(reason) => self.failed(request, reason),
            Answer::Away(_) => self.give_back(),
        }
    }

    /// Whatever has not been carried yet is not going to be.
    pub fn give_back(&mut self) {
        self.requests.clear();
        for fate in &mut self.fates {
            fate.get_or_insert(Fate::GivenBack);
        }
    }

    /// What has become of each message, once there is nothing more to send.
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

    /// What failed may work a moment later (a lock, a restart), and a parked change waits longer
    /// than that before it is offered again. So a change is blamed only when the peer failed over
    /// it again and again while it was alone, each time after all the others had their turn.
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

    /// Parks these changes; those for which they spoke will speak for themselves.
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
