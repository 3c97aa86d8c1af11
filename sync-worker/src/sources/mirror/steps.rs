//! What is done next with a record that is sent to the remote. Pure.
//!
//! A create whose outcome is not known is looked up before it is sent again: it may have been carried out.

use super::super::outbound::{Failure, Reason};

/// The answers that there are too many requests, after which the remote counts as not available: each
/// makes all requests slower.
const MOST_THROTTLED: u32 = 20;

/// The failures of runs over one record, after which it is the record.
const STUBBORN: u32 = 3;

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
    LookUp,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was carried out; a create, and a look-up that found the record, with its id.
    Done(Option<i64>),
    /// A look-up did not find it.
    NotFound,
    /// It failed.
    Failed(Failure),
}

/// What came of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The remote has it, under this id if it was created or found.
    Sent(Option<i64>),
    /// It is not there, and was never created.
    NotCreated,
    /// It is not there, but a request to create it may still be under way.
    Undecided,
    /// The remote has it no more.
    Gone,
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
    /// That is all.
    End(Ended),
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
}

impl Sending {
    /// Begins to send a record, with so many tries, after so many failures in runs before.
    pub(super) const fn new(wanted: Wanted, tries: u32, earlier_failures: u32) -> Self {
        let step = match wanted {
            Wanted::Create { begun: false } => Step::Create,
            Wanted::Create { begun: true } | Wanted::Resolve => Step::LookUp,
            Wanted::Update => Step::Update,
            Wanted::Delete => Step::Delete,
        };
        let is_begun = matches!(step, Step::LookUp);
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
            Answer::Done(id) => return Next::End(Ended::Sent(id)),
            Answer::NotFound => return self.not_found(is_late),
            Answer::Failed(failure) => failure,
        };
        let reason = failure.reason;
        match (reason, self.step) {
            (Reason::Status(404 | 410), Step::Delete) => return Next::End(Ended::Sent(None)),
            (Reason::Status(404 | 410), Step::Update) => return Next::End(Ended::Gone),
            _ => {}
        }
        if reason == Reason::Status(429) && self.throttled < MOST_THROTTLED {
            self.throttled += 1;
            return Next::Go(self.step);
        }
        // A create with a key that the remote knows is under way there, or done.
        let is_repeated = reason == Reason::Status(409) && self.was_unknown;
        let is_unknown = self.step == Step::Create && (reason.is_outcome_unknown() || is_repeated);
        if is_unknown {
            self.may_exist = true;
            self.was_unknown = true;
            // Else the remote has answered, and is done with it.
            self.may_go_on |= is_repeated
                || matches!(reason, Reason::Timeout | Reason::Closed | Reason::Status(502 | 504));
        }
        self.failures += 1;
        let can_pass = may_pass(reason) || is_repeated;
        if !can_pass || self.failures >= self.tries {
            return Next::End(self.given_up(failure, can_pass));
        }
        Next::Go(if is_unknown { Step::LookUp } else { self.step })
    }

    fn not_found(&mut self, is_late: bool) -> Next {
        if self.may_go_on && !is_late {
            return Next::End(Ended::Undecided);
        }
        (self.may_exist, self.may_go_on) = (false, false);
        match self.wanted {
            Wanted::Resolve => Next::End(Ended::NotCreated),
            Wanted::Create { .. } | Wanted::Update | Wanted::Delete => Next::Go(Step::Create),
        }
    }

    fn given_up(&self, failure: Failure, can_pass: bool) -> Ended {
        let is_status = matches!(failure.reason, Reason::Status(status) if status != 401);
        match (failure.reason.is_of_service(), can_pass) {
            (true, _) if !(is_status && self.is_stubborn) => Ended::Unavailable(failure),
            (_, true) => Ended::Failed(failure),
            (_, false) => Ended::Refused(failure),
        }
    }
}

/// Returns whether the same request may succeed a moment later.
const fn may_pass(reason: Reason) -> bool {
    match reason {
        Reason::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
        Reason::Timeout | Reason::Closed | Reason::Malformed | Reason::TooLarge => true,
        Reason::ConnectTimeout | Reason::Refused | Reason::UnknownHost => true,
        Reason::Tls | Reason::Unreachable => true,
        Reason::Abandoned => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: Reason) -> Answer {
        Answer::Failed(failure(reason))
    }

    fn failure(reason: Reason) -> Failure {
        Failure { reason, detail: "why".to_owned(), retry_after: None }
    }

    fn create() -> Sending {
        Sending::new(Wanted::Create { begun: false }, 3, 0)
    }

    const UNKNOWN: [Reason; 4] =
        [Reason::Timeout, Reason::Closed, Reason::Malformed, Reason::Status(500)];

    #[test]
    fn a_create_whose_outcome_is_unknown_is_looked_up_before_it_is_sent_again() {
        for reason in UNKNOWN {
            let mut found = create();
            assert_eq!(found.after(failed(reason), true), Next::Go(Step::LookUp), "{reason:?}");
            assert_eq!(found.after(Answer::Done(Some(7)), true), Next::End(Ended::Sent(Some(7))));
            let mut lacking = create();
            lacking.after(failed(reason), true);
            assert_eq!(lacking.after(Answer::NotFound, true), Next::Go(Step::Create));
            assert_eq!(lacking.after(failed(reason), true), Next::Go(Step::LookUp));
            let end = lacking.after(failed(reason), true);
            assert_eq!(end, Next::End(Ended::Failed(failure(reason))));
        }
    }

    #[test]
    fn a_create_that_may_still_be_under_way_is_not_sent_again_at_once() {
        let mut silent = create();
        silent.after(failed(Reason::Timeout), false);
        assert_eq!(silent.after(Answer::NotFound, false), Next::End(Ended::Undecided));
        assert!(!silent.not_created());
        let mut begun = Sending::new(Wanted::Create { begun: true }, 3, 0);
        assert_eq!(begun.after(Answer::NotFound, false), Next::End(Ended::Undecided));
        let mut removed = Sending::new(Wanted::Resolve, 3, 0);
        assert_eq!(removed.after(Answer::NotFound, false), Next::End(Ended::Undecided));
        // The remote has answered: it is over.
        let mut answered = create();
        answered.after(failed(Reason::Status(500)), false);
        assert_eq!(answered.after(Answer::NotFound, false), Next::Go(Step::Create));
    }

    #[test]
    fn a_look_up_that_fails_does_not_make_a_create_undone() {
        let reasons =
            [Reason::Refused, Reason::UnknownHost, Reason::Status(401), Reason::Status(404)];
        for reason in reasons {
            for wanted in [Wanted::Create { begun: true }, Wanted::Resolve] {
                let mut sending = Sending::new(wanted, 1, 0);
                assert!(matches!(sending.after(failed(reason), true), Next::End(_)));
                assert!(!sending.not_created(), "{wanted:?}, {reason:?}");
            }
            let mut closed = Sending::new(Wanted::Create { begun: false }, 2, 0);
            closed.after(failed(Reason::Closed), true);
            closed.after(failed(reason), true);
            assert!(!closed.not_created(), "{reason:?}");
        }
        let mut refused = create();
        refused.after(failed(Reason::Status(422)), true);
        assert!(refused.not_created());
    }

    #[test]
    fn a_create_that_the_remote_says_it_knows_is_looked_up() {
        let mut sending = Sending::new(Wanted::Create { begun: false }, 9, 0);
        sending.after(failed(Reason::Timeout), true);
        sending.after(failed(Reason::Status(409)), true);
        assert_eq!(sending.step(), Step::LookUp);
        assert!(!sending.not_created());
    }

    #[test]
    fn one_record_that_fails_in_every_run_stops_no_other() {
        for status in [403, 301, 503] {
            let reason = Reason::Status(status);
            let mut first = Sending::new(Wanted::Update, 1, 0);
            let end = first.after(failed(reason), true);
            assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
            let mut again = Sending::new(Wanted::Update, 1, STUBBORN);
            let end = again.after(failed(reason), true);
            assert!(
                matches!(end, Next::End(Ended::Refused(_) | Ended::Failed(_))),
                "{status}: {end:?}"
            );
        }
    }

    #[test]
    fn a_create_that_was_begun_by_a_worker_that_is_gone_is_looked_up_first() {
        let mut begun = Sending::new(Wanted::Create { begun: true }, 3, 0);
        assert_eq!(begun.step(), Step::LookUp);
        assert_eq!(begun.after(Answer::NotFound, true), Next::Go(Step::Create));
        assert_eq!(begun.step(), Step::Create);
        let mut removed = Sending::new(Wanted::Resolve, 3, 0);
        assert_eq!(removed.step(), Step::LookUp);
        assert_eq!(removed.after(Answer::NotFound, true), Next::End(Ended::NotCreated));
    }

    #[test]
    fn what_the_remote_never_got_is_sent_again_without_looking() {
        for reason in [Reason::Refused, Reason::ConnectTimeout, Reason::Status(429)] {
            let mut sending = create();
            assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Create), "{reason:?}");
        }
    }

    #[test]
    fn a_remote_that_is_away_stops_the_run_and_blames_no_record() {
        let reasons = [Reason::Refused, Reason::UnknownHost, Reason::Status(503)];
        for reason in reasons {
            let mut sending = Sending::new(Wanted::Update, 2, 0);
            assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Update));
            let end = sending.after(failed(reason), true);
            assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))), "{reason:?}");
        }
        for status in [301, 401, 403] {
            let reason = Reason::Status(status);
            let end = Sending::new(Wanted::Update, 2, 0).after(failed(reason), true);
            assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
        }
    }

    #[test]
    fn a_remote_that_takes_fewer_requests_is_waited_for_and_not_for_ever() {
        let mut sending = create();
        let reason = Reason::Status(429);
        for _ in 0..MOST_THROTTLED + 2 {
            assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Create));
        }
        let end = sending.after(failed(reason), true);
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
    }

    #[test]
    fn what_the_remote_refuses_for_good_is_not_sent_again() {
        for status in [400, 405, 409, 413, 422] {
            let reason = Reason::Status(status);
            for wanted in [Wanted::Create { begun: false }, Wanted::Update, Wanted::Delete] {
                let end = Sending::new(wanted, 9, 0).after(failed(reason), true);
                assert_eq!(end, Next::End(Ended::Refused(failure(reason))), "{status}");
            }
        }
    }

    #[test]
    fn a_record_that_the_remote_lacks_is_deleted_or_gone() {
        let missing = || failed(Reason::Status(404));
        let deleted = Sending::new(Wanted::Delete, 3, 0).after(missing(), true);
        assert_eq!(deleted, Next::End(Ended::Sent(None)));
        assert_eq!(
            Sending::new(Wanted::Update, 3, 0).after(missing(), true),
            Next::End(Ended::Gone)
        );
        let refused = Ended::Refused(failure(Reason::Status(404)));
        assert_eq!(create().after(missing(), true), Next::End(refused));
    }

    #[test]
    fn an_update_that_always_fails_ends() {
        // As JSONPlaceholder answers PUT /posts/101.
        let mut sending = Sending::new(Wanted::Update, 4, 0);
        let reason = Reason::Status(500);
        for _ in 1..4 {
            assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Update));
        }
        assert_eq!(sending.after(failed(reason), true), Next::End(Ended::Failed(failure(reason))));
    }
}
