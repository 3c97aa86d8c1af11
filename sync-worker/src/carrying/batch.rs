//! A batch of messages from its arrival to its settlement: which request is to be sent next, and what
//! an answer means for each message. Pure; the carrier sends the requests.
//!
//! The newest change of an order speaks for the older ones. Where it is turned down, they are told
//! by themselves: what is wrong with it need not be wrong with them. A request that is refused as a
//! whole is halved until the change that stands in the way is alone.

use shared_models::coalesce::spokesmen;
use shared_models::rules::Rule;
use shared_models::sync::{OrderChange, Outcome};

use super::answer::Answer;
use super::decide::Decided;

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The peer was not told, for this rule.
    Dropped(Rule),
    /// The peer knows what it says.
    Carried,
    /// It can never be carried, for this reason.
    Parked(String),
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
}

/// Where a change comes from, and who tells the peer of it.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    message: usize,
    spokesman: usize,
}

/// Some of a batch's changes, to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<usize>);

impl Batch {
    /// A batch of messages of which this was decided.
    #[must_use]
    pub fn new(decided: Vec<Decided>) -> Self {
        let (mut fates, mut changes, mut messages) = (vec![], vec![], vec![]);
        for (message, decided) in decided.into_iter().enumerate() {
            fates.push(match decided {
                Decided::Drop(rule) => Some(Fate::Dropped(rule)),
                Decided::Park(reason) => Some(Fate::Parked(reason)),
                Decided::Carry(change) => {
                    changes.push(*change);
                    messages.push(message);
                    None
                }
            });
        }
        let speakers = messages.into_iter().zip(spokesmen(&changes));
        let under_way: Vec<_> =
            speakers.map(|(message, spokesman)| UnderWay { message, spokesman }).collect();
        let speaks = |index: &usize| under_way[*index].spokesman == *index;
        let all = Request((0..changes.len()).filter(speaks).collect());
        let mut batch = Self { fates, under_way, changes, requests: vec![] };
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

    /// Takes in what came of a request.
    pub fn answered(&mut self, request: Request, answer: Answer) {
        match answer {
            Answer::Taken(outcomes) => self.taken(&request, outcomes),
            Answer::Refused(reason) => self.refused(request, reason),
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
        let mut known = vec![false; self.changes.len()];
        let mut rejected = vec![];
        for (index, outcome) in request.0.iter().copied().zip(outcomes) {
            match outcome {
                Outcome::Applied | Outcome::Merged | Outcome::Stale => known[index] = true,
                Outcome::Rejected { reason } => rejected.push((index, reason)),
            }
        }
        for UnderWay { message, spokesman } in &self.under_way {
            if known[*spokesman] {
                self.fates[*message].get_or_insert(Fate::Carried);
            }
        }
        self.turned_down(rejected);
    }

    fn refused(&mut self, Request(mut first): Request, reason: String) {
        match first.as_slice() {
            [only] => self.turned_down(vec![(*only, reason)]),
            _ => {
                let second = first.split_off(first.len() / 2);
                self.ask_later(Request(second));
                self.ask_later(Request(first));
            }
        }
    }

    /// Parks these changes; those for which they spoke will speak for themselves.
    fn turned_down(&mut self, changes: Vec<(usize, String)>) {
        let mut deserted = vec![];
        for (index, reason) in changes {
            self.fates[self.under_way[index].message] = Some(Fate::Parked(reason));
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
