use super::ProbeResult::{Answered, BrokerUnavailable, Missing, Silent as Nothing};
use super::Verdict::{AllSilent, Answers, AnswersAgain, Dead, Silent, Unknown};
use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The verdicts on probes (sent at, ended at, result), while other queues answered or not.
fn verdicts_while(others: &[OtherQueues], probes: &[(u64, u64, ProbeResult)]) -> Vec<Verdict> {
    let (mut silence, began) = (SilenceTracker::new(s(30)), Instant::now());
    let heard = |((asked, now, what), others): (&(u64, u64, ProbeResult), &OtherQueues)| {
        silence.record(began + s(*asked), began + s(*now), *what, *others)
    };
    probes.iter().zip(others.iter().cycle()).map(heard).collect()
}

/// The verdicts while another queue answers.
fn verdicts(probes: &[(u64, u64, ProbeResult)]) -> Vec<Verdict> {
    verdicts_while(&[OtherQueues::Answering], probes)
}

#[test]
fn a_queue_is_dead_when_it_has_not_answered_for_the_whole_time() {
    let silent = [(5, 20, Nothing), (20, 35, Nothing), (40, 55, Nothing)];
    assert_eq!(verdicts(&silent), [Silent(s(15)), Dead(s(30)), Dead(s(50))]);
}

#[test]
fn any_answer_ends_the_silence() {
    let slow = [(0, 15, Nothing), (15, 29, Answered), (30, 45, Nothing), (45, 59, Nothing)];
    assert_eq!(verdicts(&slow), [Silent(s(15)), AnswersAgain, Silent(s(15)), Silent(s(29))]);
}

#[test]
fn where_new_queues_are_silent_too_the_limit_doubles_until_one_answers() {
    let (mut silence, began) = (SilenceTracker::new(s(30)), Instant::now());
    let ask = |silence: &mut SilenceTracker, asked: u64, now: u64, heard| {
        silence.record(began + s(asked), began + s(now), heard, OtherQueues::Answering)
    };
    silence.replaced();
    let verdicts = [15, 30, 45, 60].map(|now| ask(&mut silence, now - 15, now, Nothing));
    assert_eq!(verdicts, [Silent(s(15)), Silent(s(30)), Silent(s(45)), Dead(s(60))]);
    for _ in 0..9 {
        silence.replaced();
    }
    assert_eq!(ask(&mut silence, 100, 115, Nothing), Silent(s(15)));
    assert_eq!(ask(&mut silence, 115, 3_600, Nothing), Silent(s(3_500)));
    assert_eq!(ask(&mut silence, 3_600, 3_700, Nothing), Dead(s(3_600)));
    silence.replaced();
    ask(&mut silence, 4_000, 4_000, Answered);
    let verdicts = [5_015, 5_030].map(|now| ask(&mut silence, now - 15, now, Nothing));
    assert_eq!(verdicts, [Silent(s(15)), Dead(s(30))]);
}

#[test]
fn the_first_answer_after_anything_else_is_distinguished() {
    let answers = [(0, 0, Answered), (1, 1, Answered)];
    assert_eq!(verdicts(&answers), [Answers, Answers]);
    for (other, verdict) in [(Missing, Verdict::Missing), (BrokerUnavailable, Unknown)] {
        let heard = [(0, 15, Nothing), (15, 15, other), (20, 20, Answered), (25, 25, Answered)];
        assert_eq!(verdicts(&heard), [Silent(s(15)), verdict, AnswersAgain, Answers]);
        let heard = [(0, 0, Answered), (5, 9, other), (10, 10, Answered), (15, 15, Answered)];
        assert_eq!(verdicts(&heard), [Answers, verdict, AnswersAgain, Answers]);
    }
}

#[test]
fn an_answer_after_a_time_in_which_the_queue_may_have_been_replaced_is_distinguished() {
    let heard = [(0, 0, Answered), (30, 30, Answered), (61, 61, Answered), (62, 62, Answered)];
    assert_eq!(verdicts(&heard), [Answers, Answers, AnswersAgain, Answers]);
}

#[test]
fn while_no_queue_answers_none_is_dead_for_ten_times_as_long() {
    let silent = [(0, 15, Nothing), (20, 35, Nothing), (270, 299, Nothing)];
    let all = [AllSilent(s(15)), AllSilent(s(35)), AllSilent(s(299))];
    assert_eq!(verdicts_while(&[OtherQueues::Silent], &silent), all);
    let too_long = [(0, 15, Nothing), (285, 300, Nothing)];
    let dead = [AllSilent(s(15)), Dead(s(300))];
    assert_eq!(verdicts_while(&[OtherQueues::Silent], &too_long), dead);
}

#[test]
fn only_the_time_counts_in_which_another_queue_answers() {
    let others = [OtherQueues::Silent, OtherQueues::Answering, OtherQueues::Answering];
    let silent = [(0, 15, Nothing), (20, 35, Nothing), (35, 50, Nothing)];
    let verdicts = verdicts_while(&others, &silent);
    assert_eq!(verdicts, [AllSilent(s(15)), Silent(s(35)), Dead(s(50))]);
    let others = [OtherQueues::Answering, OtherQueues::Silent, OtherQueues::Answering];
    let verdicts = verdicts_while(&others, &silent);
    assert_eq!(verdicts, [Silent(s(15)), AllSilent(s(35)), Silent(s(50))]);
}

#[test]
fn a_broker_that_does_not_answer_says_nothing_of_its_queues() {
    let away =
        [(0, 15, Nothing), (15, 35, BrokerUnavailable), (35, 50, Nothing), (50, 64, Nothing)];
    assert_eq!(verdicts(&away), [Silent(s(15)), Unknown, Silent(s(15)), Silent(s(29))]);
}

#[test]
fn one_probe_alone_is_never_enough() {
    assert_eq!(verdicts(&[(0, 900, Nothing)]), [Silent(s(900))]);
    let refused_at_once = [(0, 0, Nothing), (1, 1, Nothing), (31, 31, Nothing)];
    assert_eq!(verdicts(&refused_at_once), [Silent(s(0)), Silent(s(1)), Dead(s(31))]);
}

#[test]
fn two_probes_fit_into_the_limit() {
    let times = ProbeTimes::new(s(30));
    assert_eq!((times.timeout(), times.interval(), times.prompt()), (s(15), s(5), s(5)));
    assert_eq!(ProbeTimes::new(s(600)).interval(), s(5));
}

#[test]
fn every_verdict_has_its_state() {
    let verdicts = [
        Unknown,
        AnswersAgain,
        Verdict::Missing,
        Silent(Duration::ZERO),
        AllSilent(Duration::ZERO),
        Dead(Duration::ZERO),
    ];
    let states = verdicts.map(|verdict| QueueState::from(verdict).as_str());
    assert_eq!(states, QueueState::NAMES);
}
