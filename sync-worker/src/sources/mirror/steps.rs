//! What is done next with a record that is sent to the remote. Pure.
//!
//! A create whose outcome is not known is looked up before it is sent again: it may have been carried out.

use super::super::outbound::{Failure, Reason};

/// The answers that there are too many requests, after which the remote counts as not available: each
/// makes all requests slower.
const MOST_THROTTLED: u32 = 20;

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
}

impl Sending {
    /// Begins to send a record, with so many tries.
    pub(super) const fn new(wanted: Wanted, tries: u32) -> Self {
        let step = match wanted {
            Wanted::Create { begun: false } => Step::Create,
            Wanted::Create { begun: true } | Wanted::Resolve => Step::LookUp,
            Wanted::Update => Step::Update,
            Wanted::Delete => Step::Delete,
        };
        Self { wanted, step, failures: 0, throttled: 0, tries }
    }

    /// The request that is sent now.
    pub(super) const fn step(&self) -> Step {
        self.step
    }

    /// The number of failures so far.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Decides what is done after an answer.
    pub(super) fn after(&mut self, answer: Answer) -> Next {
        let next = self.next(answer);
        if let Next::Go(step) = next {
            self.step = step;
        }
        next
    }

    fn next(&mut self, answer: Answer) -> Next {
        let failure = match (answer, self.step, self.wanted) {
            (Answer::Done(id), ..) => return Next::End(Ended::Sent(id)),
            (Answer::NotFound, _, Wanted::Resolve) => return Next::End(Ended::NotCreated),
            (Answer::NotFound, ..) => return Next::Go(Step::Create),
            (Answer::Failed(failure), ..) => failure,
        };
        let reason = failure.reason;
        match (reason, self.step) {
            (Reason::Status(404 | 410), Step::Delete) => return Next::End(Ended::Sent(None)),
            (Reason::Status(404 | 410), Step::Update) => return Next::End(Ended::Gone),
            _ if reason.is_of_service() && !may_pass(reason) => {
                return Next::End(Ended::Unavailable(failure));
            }
            (Reason::Status(400..=499), _) if !may_pass(reason) => {
                return Next::End(Ended::Refused(failure));
            }
            _ => {}
        }
        if reason == Reason::Status(429) && self.throttled < MOST_THROTTLED {
            self.throttled += 1;
            return Next::Go(self.step);
        }
        self.failures += 1;
        if self.failures >= self.tries {
            return Next::End(match reason.is_of_service() {
                true => Ended::Unavailable(failure),
                false => Ended::Failed(failure),
            });
        }
        let is_unknown = self.step == Step::Create && reason.is_outcome_unknown();
        Next::Go(if is_unknown { Step::LookUp } else { self.step })
    }
}

/// Returns whether the same request may succeed a moment later.
const fn may_pass(reason: Reason) -> bool {
    match reason {
        Reason::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
        Reason::Timeout | Reason::Closed | Reason::Malformed | Reason::TooLarge => true,
        Reason::ConnectTimeout | Reason::Refused | Reason::UnknownHost => true,
        Reason::Tls | Reason::Unreachable => true,
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
        Sending::new(Wanted::Create { begun: false }, 3)
    }

    const UNKNOWN: [Reason; 4] =
        [Reason::Timeout, Reason::Closed, Reason::Malformed, Reason::Status(500)];

    #[test]
    fn a_create_whose_outcome_is_unknown_is_looked_up_before_it_is_sent_again() {
        for reason in UNKNOWN {
            let mut found = create();
            assert_eq!(found.after(failed(reason)), Next::Go(Step::LookUp), "{reason:?}");
            assert_eq!(found.after(Answer::Done(Some(7))), Next::End(Ended::Sent(Some(7))));
            let mut lacking = create();
            lacking.after(failed(reason));
            assert_eq!(lacking.after(Answer::NotFound), Next::Go(Step::Create));
            assert_eq!(lacking.after(failed(reason)), Next::Go(Step::LookUp));
            let end = lacking.after(failed(reason));
            assert_eq!(end, Next::End(Ended::Failed(failure(reason))));
        }
    }

    #[test]
    fn a_create_that_was_begun_by_a_worker_that_is_gone_is_looked_up_first() {
        let mut begun = Sending::new(Wanted::Create { begun: true }, 3);
        assert_eq!(begun.step(), Step::LookUp);
        assert_eq!(begun.after(Answer::NotFound), Next::Go(Step::Create));
        assert_eq!(begun.step(), Step::Create);
        let mut removed = Sending::new(Wanted::Resolve, 3);
        assert_eq!(removed.step(), Step::LookUp);
        assert_eq!(removed.after(Answer::NotFound), Next::End(Ended::NotCreated));
    }

    #[test]
    fn what_the_remote_never_got_is_sent_again_without_looking() {
        for reason in [Reason::Refused, Reason::ConnectTimeout, Reason::Status(429)] {
            let mut sending = create();
            assert_eq!(sending.after(failed(reason)), Next::Go(Step::Create), "{reason:?}");
        }
    }

    #[test]
    fn a_remote_that_is_away_stops_the_run_and_blames_no_record() {
        let reasons = [Reason::Refused, Reason::UnknownHost, Reason::Status(503)];
        for reason in reasons {
            let mut sending = Sending::new(Wanted::Update, 2);
            assert_eq!(sending.after(failed(reason)), Next::Go(Step::Update));
            let end = sending.after(failed(reason));
            assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))), "{reason:?}");
        }
        for status in [301, 401, 403] {
            let reason = Reason::Status(status);
            let end = Sending::new(Wanted::Update, 2).after(failed(reason));
            assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
        }
    }

    #[test]
    fn a_remote_that_takes_fewer_requests_is_waited_for_and_not_for_ever() {
        let mut sending = create();
        let reason = Reason::Status(429);
        for _ in 0..MOST_THROTTLED + 2 {
            assert_eq!(sending.after(failed(reason)), Next::Go(Step::Create));
        }
        let end = sending.after(failed(reason));
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
    }

    #[test]
    fn what_the_remote_refuses_for_good_is_not_sent_again() {
        for status in [400, 405, 409, 413, 422] {
            let reason = Reason::Status(status);
            for wanted in [Wanted::Create { begun: false }, Wanted::Update, Wanted::Delete] {
                let end = Sending::new(wanted, 9).after(failed(reason));
                assert_eq!(end, Next::End(Ended::Refused(failure(reason))), "{status}");
            }
        }
    }

    #[test]
    fn a_record_that_the_remote_lacks_is_deleted_or_gone() {
        let missing = || failed(Reason::Status(404));
        let deleted = Sending::new(Wanted::Delete, 3).after(missing());
        assert_eq!(deleted, Next::End(Ended::Sent(None)));
        assert_eq!(Sending::new(Wanted::Update, 3).after(missing()), Next::End(Ended::Gone));
        let refused = Ended::Refused(failure(Reason::Status(404)));
        assert_eq!(create().after(missing()), Next::End(refused));
    }

    #[test]
    fn an_update_that_always_fails_ends() {
        // As JSONPlaceholder answers PUT /posts/101.
        let mut sending = Sending::new(Wanted::Update, 4);
        let reason = Reason::Status(500);
        for _ in 1..4 {
            assert_eq!(sending.after(failed(reason)), Next::Go(Step::Update));
        }
        assert_eq!(sending.after(failed(reason)), Next::End(Ended::Failed(failure(reason))));
    }
}
