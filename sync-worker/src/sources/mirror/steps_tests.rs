use std::time::Duration;

use super::*;

fn failed(reason: Reason) -> Answer {
    Answer::Failed(failure(reason))
}

fn failure(reason: Reason) -> Failure {
    Failure { reason, detail: "why".to_owned(), retry_after: None }
}

const BY_CONTENTS: Recognition = Recognition { heeds_keys: false, keeps_markers: false };
const BY_KEY: Recognition = Recognition { heeds_keys: true, keeps_markers: false };
const BY_KEY_AND_MARKER: Recognition = Recognition { heeds_keys: true, keeps_markers: true };

fn create() -> Sending {
    Sending::new(Wanted::Create { begun: false }, 3, 0, BY_CONTENTS)
}

const UNKNOWN: [Reason; 4] =
    [Reason::Timeout, Reason::Closed, Reason::Malformed, Reason::Status(500)];

const SILENT: [Reason; 2] = [Reason::Timeout, Reason::Closed];

#[test]
fn a_create_whose_outcome_is_unknown_is_looked_up_before_it_is_sent_again() {
    for reason in UNKNOWN {
        let mut found = create();
        assert_eq!(found.after(failed(reason), true), Next::Go(Step::LookUp), "{reason:?}");
        assert_eq!(found.after(Answer::Done(Some(7)), true), Next::End(Ended::Sent(Some(7))));
        let mut lacking = create();
        lacking.after(failed(reason), true);
        if SILENT.contains(&reason) {
            // Sent again, it may go on for as long once more: another attempt has a time of its own.
            assert_eq!(lacking.after(Answer::NotFound, true), Next::End(Ended::NotCreated));
            continue;
        }
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
    let counted = Ended::Undecided(Some(failure(Reason::Timeout)));
    assert_eq!(silent.after(Answer::NotFound, false), Next::End(counted));
    assert!(!silent.not_created());
    // In every run: it is parked.
    let mut stubborn = Sending::new(Wanted::Create { begun: false }, 3, STUBBORN, BY_CONTENTS);
    stubborn.after(failed(Reason::Timeout), false);
    let parked = Ended::Failed(failure(Reason::Timeout));
    assert_eq!(stubborn.after(Answer::NotFound, false), Next::End(parked));
    assert!(!stubborn.not_created());
    let mut begun = Sending::new(Wanted::Create { begun: true }, 3, 0, BY_CONTENTS);
    assert_eq!(begun.after(Answer::NotFound, false), Next::End(Ended::Undecided(None)));
    let mut removed = Sending::new(Wanted::Resolve, 3, 0, BY_CONTENTS);
    assert_eq!(removed.after(Answer::NotFound, false), Next::End(Ended::Undecided(None)));
    // The remote has answered: it is over.
    let mut answered = create();
    answered.after(failed(Reason::Status(500)), false);
    assert_eq!(answered.after(Answer::NotFound, false), Next::Go(Step::Create));
}

#[test]
fn a_gateway_that_gives_up_does_not_say_that_a_create_is_over() {
    let after = |failure: Failure| {
        let mut sending = create();
        sending.after(Answer::Failed(failure), false);
        sending.after(Answer::NotFound, false)
    };
    for status in [502, 504, 520, 524] {
        let gave_up = failure(Reason::Status(status));
        assert_eq!(after(gave_up.clone()), Next::End(Ended::Undecided(Some(gave_up))));
    }
    let busy = failure(Reason::Status(503));
    assert_eq!(after(busy.clone()), Next::End(Ended::Unavailable(busy)));
    let retry_after = Some(Duration::from_secs(1));
    let busy = Failure { retry_after, ..failure(Reason::Status(503)) };
    assert_eq!(after(busy), Next::Go(Step::Create));
}

#[test]
fn a_create_that_is_answered_with_a_redirect_may_have_been_carried_out() {
    for (status, may_exist) in [(301, true), (302, true), (303, true), (307, false), (308, false)] {
        let mut sending = create();
        let reason = Reason::Status(status);
        let end = sending.after(failed(reason), false);
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
        assert_eq!(sending.not_created(), !may_exist, "{status}");
    }
}

#[test]
fn records_in_a_list_that_is_a_part_are_counted() {
    for (is_late, failure) in [(false, None), (true, Some(listed_a_part()))] {
        let mut sending = Sending::new(Wanted::Create { begun: true }, 3, STUBBORN, BY_CONTENTS);
        let end = sending.after(Answer::Found(vec![9], false), is_late);
        assert_eq!(end, Next::End(Ended::Found { remote_ids: vec![9], is_over: false, failure }));
    }
}

#[test]
fn a_look_up_that_fails_does_not_make_a_create_undone() {
    let reasons = [Reason::Refused, Reason::UnknownHost, Reason::Status(401), Reason::Status(404)];
    for reason in reasons {
        for wanted in [Wanted::Create { begun: true }, Wanted::Resolve] {
            let mut sending = Sending::new(wanted, 1, 0, BY_CONTENTS);
            assert!(matches!(sending.after(failed(reason), true), Next::End(_)));
            assert!(!sending.not_created(), "{wanted:?}, {reason:?}");
        }
        let mut closed = Sending::new(Wanted::Create { begun: false }, 2, 0, BY_CONTENTS);
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
    let mut sending = Sending::new(Wanted::Create { begun: false }, 9, 0, BY_CONTENTS);
    sending.after(failed(Reason::Timeout), true);
    sending.after(failed(Reason::Status(409)), true);
    assert_eq!(sending.step(), Step::LookUp);
    assert!(!sending.not_created());
}

#[test]
fn one_record_that_fails_in_every_run_stops_no_other() {
    for status in [403, 301, 503] {
        let reason = Reason::Status(status);
        let mut first = Sending::new(Wanted::Update, 1, 0, BY_CONTENTS);
        let end = first.after(failed(reason), true);
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
        let mut again = Sending::new(Wanted::Update, 1, STUBBORN, BY_CONTENTS);
        let end = again.after(failed(reason), true);
        assert!(
            matches!(end, Next::End(Ended::Refused(_) | Ended::Failed(_))),
            "{status}: {end:?}"
        );
    }
}

#[test]
fn a_create_that_was_begun_by_a_worker_that_is_gone_is_looked_up_first() {
    let mut begun = Sending::new(Wanted::Create { begun: true }, 3, 0, BY_CONTENTS);
    assert_eq!(begun.step(), Step::LookUp);
    // Another attempt follows, whose time is stored before it is sent.
    assert_eq!(begun.after(Answer::NotFound, true), Next::End(Ended::NotCreated));
    assert!(begun.not_created());
    let mut with_key = Sending::new(Wanted::Create { begun: true }, 3, 0, BY_KEY_AND_MARKER);
    assert_eq!(with_key.after(Answer::NotFound, true), Next::Go(Step::Create));
    let mut removed = Sending::new(Wanted::Resolve, 3, 0, BY_CONTENTS);
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
        let mut sending = Sending::new(Wanted::Update, 2, 0, BY_CONTENTS);
        assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Update));
        let end = sending.after(failed(reason), true);
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))), "{reason:?}");
    }
    for status in [301, 401, 403] {
        let reason = Reason::Status(status);
        let end = Sending::new(Wanted::Update, 2, 0, BY_CONTENTS).after(failed(reason), true);
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
            let end = Sending::new(wanted, 9, 0, BY_CONTENTS).after(failed(reason), true);
            assert_eq!(end, Next::End(Ended::Refused(failure(reason))), "{status}");
        }
    }
}

#[test]
fn a_record_that_the_remote_lacks_seems_to_be_gone() {
    let missing = || failed(Reason::Status(404));
    let deleted = Sending::new(Wanted::Delete, 3, 0, BY_CONTENTS).after(missing(), true);
    let gone = || Next::End(Ended::Gone(failure(Reason::Status(404))));
    assert_eq!(deleted, gone());
    let updated = |found: Answer| {
        let mut sending = Sending::new(Wanted::Update, 3, 0, BY_CONTENTS);
        assert_eq!(sending.after(missing(), true), Next::Go(Step::Exists));
        sending.after(found, true)
    };
    assert_eq!(updated(Answer::NotFound), gone());
    // Not the record is missing, but the permission to write it, or a gateway has answered.
    let refused = Ended::Refused(failure(Reason::Status(404)));
    assert_eq!(updated(Answer::Done(None)), Next::End(refused));
    let refused = Ended::Refused(failure(Reason::Status(404)));
    assert_eq!(create().after(missing(), true), Next::End(refused));
}

#[test]
fn an_update_that_always_fails_ends() {
    // As JSONPlaceholder answers PUT /posts/101.
    let mut sending = Sending::new(Wanted::Update, 4, 0, BY_CONTENTS);
    let reason = Reason::Status(500);
    for _ in 1..4 {
        assert_eq!(sending.after(failed(reason), true), Next::Go(Step::Update));
    }
    assert_eq!(sending.after(failed(reason), true), Next::End(Ended::Failed(failure(reason))));
}

#[test]
fn records_with_the_same_contents_are_the_stores_to_tell_apart() {
    let found =
        |is_over, failure| Next::End(Ended::Found { remote_ids: vec![9, 8], is_over, failure });
    let answer = || Answer::Found(vec![9, 8], true);
    for wanted in [Wanted::Create { begun: true }, Wanted::Resolve] {
        for is_late in [false, true] {
            let end = Sending::new(wanted, 3, 0, BY_CONTENTS).after(answer(), is_late);
            assert_eq!(end, found(is_late, None), "{wanted:?}");
        }
    }
    let mut silent = create();
    silent.after(failed(Reason::Timeout), false);
    assert_eq!(silent.after(answer(), false), found(false, Some(failure(Reason::Timeout))));
    // The remote has answered: it is over.
    let reason = Reason::Status(500);
    let mut answered = create();
    answered.after(failed(reason), false);
    assert_eq!(answered.after(answer(), false), found(true, Some(failure(reason))));
}

#[test]
fn a_remote_that_heeds_the_key_is_sent_the_create_again_and_not_asked() {
    for wanted in [Wanted::Create { begun: true }, Wanted::Resolve] {
        let mut sending = Sending::new(wanted, 3, 0, BY_KEY);
        assert_eq!(sending.step(), Step::Create);
        for reason in [Reason::Timeout, Reason::Status(409)] {
            assert_eq!(sending.after(failed(reason), false), Next::Go(Step::Create), "{reason:?}");
            assert!(!sending.not_created());
        }
        let end = sending.after(Answer::Done(Some(7)), false);
        assert_eq!(end, Next::End(Ended::Sent(Some(7))));
    }
    for reason in UNKNOWN {
        let mut sending = Sending::new(Wanted::Create { begun: false }, 2, 0, BY_KEY);
        assert_eq!(sending.after(failed(reason), false), Next::Go(Step::Create), "{reason:?}");
        let end = sending.after(failed(reason), false);
        assert_eq!(end, Next::End(Ended::Failed(failure(reason))));
        assert!(!sending.not_created());
    }
}

#[test]
fn what_a_remote_refuses_under_a_key_it_has_not_created_before() {
    let reason = Reason::Status(422);
    let mut begun = Sending::new(Wanted::Create { begun: true }, 3, 0, BY_KEY);
    assert_eq!(begun.after(failed(reason), false), Next::End(Ended::Refused(failure(reason))));
    assert!(begun.not_created());
    let mut removed = Sending::new(Wanted::Resolve, 3, 0, BY_KEY);
    assert_eq!(removed.after(failed(reason), false), Next::End(Ended::NotCreated));
    // That says nothing of the record.
    for reason in [Reason::Status(401), Reason::Status(403), Reason::Refused] {
        let mut removed = Sending::new(Wanted::Resolve, 1, 0, BY_KEY);
        let end = removed.after(failed(reason), false);
        assert_eq!(end, Next::End(Ended::Unavailable(failure(reason))));
        assert!(!removed.not_created(), "{reason:?}");
    }
}
