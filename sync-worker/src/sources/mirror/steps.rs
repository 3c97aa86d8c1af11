//! What is done next with a record that is sent to the remote. Pure.
//!
//! A create whose outcome is not known is looked up before it is sent again: it may have been carried out. A
//! remote that heeds the key of a create, and keeps no marker by which it is found for certain, is sent it
//! again instead: it carries it out once, and answers the same.

use super::super::outbound::{Failure, Reason};
use super::super::pace::MOST_THROTTLED;
use super::client::listed_a_part;
use super::failures::{may_go_on, may_pass};

/// The failures of runs over one record, after which it is the record.
pub(super) const STUBBORN: u32 = 3;

/// What is to be done at the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The record is to be created. `begun` is set if that was begun before, and its outcome is not known.
    Create { begun: bool },
    /// The record is to be replaced.
    Update,
    /// The record is to be deleted.
    Delete,
    /// The record was removed here while the outcome of its creation was not known: it is to be found.
    Resolve,
}

/// A request to the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    Update,
    Delete,
    /// The record is looked up that is to be created.
    LookUp,
    /// The remote is asked whether the record is there that an update did not find.
    Exists,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The request was carried out; a create, and a look-up that found the record for certain, with its id.
    Done(Option<i64>),
    /// A look-up found records that the create may have made, the newest first.
    /// The second is whether it has seen all records.
    Found(Vec<i64>, bool),
    /// A look-up did not find it.
    NotFound,
    /// The request failed.
    Failed(Failure),
}

/// What came of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The remote has it, under this id if it was created or found.
    Sent(Option<i64>),
    /// The record may be one of these, the newest first; else nothing was created, once the create is over.
    Found { remote_ids: Vec<i64>, is_over: bool, failure: Option<Failure> },
    /// The record is not there, and was never created.
    NotCreated,
    /// Nothing is decided: a request to create the record may still be under way, or whether it is gone cannot be found
    /// out. It waits for the next run, with the failure that counts, if there was one.
    Undecided(Option<Failure>),
    /// The remote has answered that it has no such record.
    Gone(Failure),
    /// The remote failed, or gave no answer, as often as permitted. It may succeed later.
    Failed(Failure),
    /// The remote refuses it.
    Refused(Failure),
    /// The remote as a whole is not available: other records are not sent, either.
    Unavailable(Failure),
}

/// What is done after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This request is sent; after a failure after a pause.
    Go(Step),
    /// Sending ends with this.
    End(Ended),
}

/// The way of the remote to tell whether it has carried out a create before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recognition {
    /// Set if it carries creates with one key out once.
    pub(super) heeds_keys: bool,
    /// Set if it keeps a marker of each create, by which that is looked up.
    pub(super) keeps_markers: bool,
}

impl Recognition {
    /// The request by which the outcome of a create is found out.
    const fn step(self) -> Step {
        match self {
            Self { heeds_keys: true, keeps_markers: false } => Step::Create,
            Self { heeds_keys: false, .. } | Self { keeps_markers: true, .. } => Step::LookUp,
        }
    }
}

/// The sending of one record.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    wanted: Wanted,
    step: Step,
    failures: u32,
    /// The answers that there are too many requests.
    throttled: u32,
    tries: u32,
    /// Set if the runs before have failed over this record so often that the cause is not the remote.
    is_stubborn: bool,
    /// Set if a create may have been carried out, and was not looked up since.
    may_exist: bool,
    /// Set if a create without an answer may still be under way.
    may_go_on: bool,
    /// Set if the outcome of a create was unknown once.
    was_unknown: bool,
    /// The answer of the remote to the last create, where that was a failure.
    failed: Option<Failure>,
    recognition: Recognition,
}

impl Sending {
    /// Begins to send a record, with so many tries, after so many failures in runs before.
    pub(super) const fn new(
        wanted: Wanted,
        tries: u32,
        earlier_failures: u32,
        recognition: Recognition,
    ) -> Self {
        let step = match wanted {
            Wanted::Create { begun: false } => Step::Create,
            Wanted::Create { begun: true } | Wanted::Resolve => recognition.step(),
            Wanted::Update => Step::Update,
            Wanted::Delete => Step::Delete,
        };
        let is_begun = matches!(wanted, Wanted::Create { begun: true } | Wanted::Resolve);
        Self {
            wanted,
            step,
            failures: 0,
            throttled: 0,
            tries,
            is_stubborn: earlier_failures >= STUBBORN,
            may_exist: is_begun,
            may_go_on: is_begun,
            was_unknown: is_begun,
            failed: None,
            recognition,
        }
    }

    /// The request that is sent now.
    pub(super) const fn step(&self) -> Step {
        self.step
    }

    /// The number of failures so far.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns whether it is certain that a create has created nothing.
    pub(super) const fn not_created(&self) -> bool {
        !self.may_exist
    }

    /// Takes into account that the answer to a request is not waited for.
    pub(super) fn broken_off(&mut self) {
        self.may_exist |= self.step == Step::Create;
    }

    /// Decides what is done after an answer. `is_late` is whether a create that was begun is over by now,
    /// also where it was never answered.
    pub(super) fn after(&mut self, answer: Answer, is_late: bool) -> Next {
        let next = self.next(answer, is_late);
        if let Next::Go(step) = next {
            self.step = step;
        }
        next
    }

    fn next(&mut self, answer: Answer, is_late: bool) -> Next {
        let failure = match answer {
            Answer::Done(_) if self.step == Step::Exists => {
                // The record is there: a gateway has answered 404, or that is what the remote answers to a caller who
                // may not write.
                return self.after_update(Ended::Refused);
            }
            Answer::NotFound if self.step == Step::Exists => return self.after_update(Ended::Gone),
            Answer::Done(id) => return Next::End(Ended::Sent(id)),
            Answer::Found(remote_ids, is_whole) => {
                return self.found(remote_ids, is_whole, is_late);
            }
            Answer::NotFound => return self.not_found(is_late),
            Answer::Failed(failure) => failure,
        };
        let reason = failure.reason;
        match (reason, self.step) {
            (Reason::Status(404 | 410), Step::Delete) => return Next::End(Ended::Gone(failure)),
            (Reason::Status(404 | 410), Step::Update) => {
                self.failed = Some(failure);
                return Next::Go(Step::Exists);
            }
            _ => {}
        }
        if reason == Reason::Status(429) && self.throttled < MOST_THROTTLED {
            self.throttled += 1;
            return Next::Go(self.step);
        }
        // A create with a key that the remote knows is under way there, or done.
        let is_repeated = reason == Reason::Status(409) && self.was_unknown;
        let is_unknown = self.step == Step::Create && (reason.is_outcome_unknown() || is_repeated);
        if self.step == Step::Create {
            self.failed = Some(failure.clone());
        }
        if is_unknown {
            self.may_exist = true;
            self.was_unknown = true;
            self.may_go_on |= is_repeated || may_go_on(&failure);
        }
        self.failures += 1;
        let can_pass = may_pass(reason) || is_repeated;
        if !can_pass && self.step == Step::Create && !reason.is_of_service() {
            // What the remote had created with this key before, it would have answered again.
            self.may_exist = false;
            if self.wanted == Wanted::Resolve {
                return Next::End(Ended::NotCreated);
            }
        }
        if !can_pass || self.failures >= self.tries {
            return Next::End(given_up(failure, can_pass, self.is_stubborn));
        }
        Next::Go(if is_unknown { self.recognition.step() } else { self.step })
    }

    /// Ends an update that did not find the record, with the answer to it.
    fn after_update(&mut self, end: impl FnOnce(Failure) -> Ended) -> Next {
        Next::End(self.failed.take().map_or(Ended::Undecided(None), end))
    }

    /// Decides after a look-up by contents: which of the records it is, the store knows.
    fn found(&self, remote_ids: Vec<i64>, is_whole: bool, is_late: bool) -> Next {
        let is_over = is_whole && (!self.may_go_on || is_late);
        // However late it is, there may be more: that is counted, so that it does not go on for ever.
        let is_hopeless = !is_whole && is_late;
        let failure = self.failed.clone().or_else(|| is_hopeless.then(listed_a_part));
        Next::End(Ended::Found { remote_ids, is_over, failure })
    }

    fn not_found(&mut self, is_late: bool) -> Next {
        if self.may_go_on && !is_late {
            // Of a create that was begun before, the failure was counted then.
            let failure = self.failed.take();
            return Next::End(
                failure
                    .map_or(Ended::Undecided(None), |failure| undecided(failure, self.is_stubborn)),
            );
        }
        // Sent again, it could go on for as long once more: that is an attempt with a time of its own.
        let is_over = self.may_go_on && !self.recognition.heeds_keys;
        (self.may_exist, self.may_go_on) = (false, false);
        match is_over || self.wanted == Wanted::Resolve {
            true => Next::End(Ended::NotCreated),
            false => Next::Go(Step::Create),
        }
    }
}

fn given_up(failure: Failure, can_pass: bool, is_stubborn: bool) -> Ended {
    let is_status = matches!(failure.reason, Reason::Status(status) if status != 401);
    match (failure.reason.is_of_service(), can_pass) {
        (true, _) if !(is_status && is_stubborn) => Ended::Unavailable(failure),
        (_, true) => Ended::Failed(failure),
        (_, false) => Ended::Refused(failure),
    }
}

/// Ends a record about which nothing can be decided, because of a failure: it waits, until it was so in too many runs.
pub(super) fn undecided(failure: Failure, is_stubborn: bool) -> Ended {
    if is_stubborn || failure.reason.is_of_service() {
        let can_pass = may_pass(failure.reason);
        return given_up(failure, can_pass, is_stubborn);
    }
    Ended::Undecided(Some(failure))
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
