use super::*;

use TaskOutcome::{Deleted, Failed, Nothing, Offered};

/// A task of which only its place in the schedule matters.
#[derive(Debug)]
struct Named {
    waits: bool,
}

impl Task for Named {
    fn waits_for_publishing(&self) -> bool {
        self.waits
    }

    fn step<'a>(
        &'a self,
        _: &'a mut AsyncPgConnection,
        _: Duration,
    ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>> {
        Box::pin(async { Ok(Nothing) })
    }
}

fn schedule(rate: u32) -> Schedule {
    let task = |index| Arc::new(Named { waits: index == 1 }) as Arc<dyn Task>;
    let tasks = (0..3).map(task).collect();
    Schedule::new(tasks, NonZeroU32::new(rate).unwrap(), Arc::default())
}

fn order(schedule: &Schedule) -> Vec<usize> {
    schedule.begin(true).into_iter().map(|(index, _)| index).collect()
}

const LONG: Duration = Duration::from_millis(200);

#[test]
fn something_to_do_is_looked_for_with_the_tick_and_on_request() {
    let (mut schedule, now) = (schedule(1_000), Instant::now());
    assert!(schedule.is_tick_due(now));
    schedule.ticked(now);
    assert!(!schedule.is_tick_due(now + TICK / 2) && schedule.is_tick_due(now + TICK));
    assert!(!schedule.is_step_due(now, false) && schedule.is_step_due(now, true));
    schedule.requested.store(true, Ordering::Relaxed);
    schedule.found(true);
    assert!(!schedule.is_step_due(now, false), "what waits in the outbox comes first");
    schedule.found(false);
    assert!(schedule.is_step_due(now, false));
    schedule.begin(false);
    assert!(schedule.is_step_due(now, false), "a task that waits could not meet it");
    schedule.begin(true);
    schedule.stepped(0, now, now, Nothing);
    assert!(!schedule.is_step_due(now, false), "the request is met");
    assert_eq!(schedule.shorten(LONG, true, now), LONG);
}

#[test]
fn a_task_that_did_something_comes_last_in_the_next_step() {
    let (mut schedule, now) = (schedule(1_000), Instant::now());
    assert_eq!(order(&schedule), [0, 1, 2]);
    schedule.stepped(1, now, now, Offered { records: 1 });
    assert_eq!(order(&schedule), [2, 0, 1]);
    schedule.stepped(2, now, now, Failed);
    assert_eq!(order(&schedule), [0, 1, 2]);
    schedule.stepped(2, now, now, Nothing);
    assert_eq!(order(&schedule), [0, 1, 2], "none did anything");
}

#[test]
fn a_task_that_waits_for_publishing_is_passed_over_without_it() {
    let schedule = schedule(1_000);
    let asked = schedule.begin(false).into_iter().map(|(index, _)| index);
    assert_eq!(asked.collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn so_many_records_a_second_are_offered_also_where_steps_come_late() {
    let (mut schedule, begin) = (schedule(1_000), Instant::now());
    let (mut now, mut offered) = (begin, 0_u32);
    while offered < 10_000 {
        assert!(schedule.is_step_due(now, offered == 0));
        schedule.stepped(0, now, now, Offered { records: 100 });
        offered += 100;
        now += schedule.shorten(LONG, true, now) + Duration::from_millis(30);
    }
    let took = now - begin;
    assert!((9_900..=10_200).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn an_outbox_that_is_behind_has_a_task_go_on_with_the_tick_only() {
    let (mut schedule, now) = (schedule(1_000), Instant::now());
    schedule.stepped(0, now, now, Offered { records: 100 });
    schedule.found(true);
    let later = now + TICK;
    assert!(!schedule.is_step_due(later, false) && schedule.is_step_due(later, true));
    assert_eq!(schedule.shorten(LONG, true, later), LONG);
    schedule.found(false);
    assert!(schedule.is_step_due(later, false) && !schedule.is_step_due(now, true));
}

#[test]
fn tasks_take_a_fifth_of_the_relays_time_at_the_most() {
    for outcome in [Offered { records: 0 }, Offered { records: 100 }] {
        let (mut schedule, begin) = (schedule(1_000_000), Instant::now());
        let (mut now, mut stepping) = (begin, Duration::ZERO);
        while now < begin + Duration::from_secs(100) {
            assert!(schedule.is_step_due(now, stepping.is_zero()));
            let took = Duration::from_millis(40);
            schedule.stepped(0, now, now + took, outcome);
            stepping += took;
            now += took;
            now += schedule.shorten(LONG, true, now);
        }
        assert!((18..=20).contains(&stepping.as_secs()), "{outcome:?}: {stepping:?}");
    }
}

#[test]
fn deleting_what_is_old_takes_a_tenth_of_the_relays_time() {
    let (mut schedule, now) = (schedule(1), Instant::now());
    let took = Duration::from_millis(20);
    schedule.stepped(2, now, now + took, Deleted);
    assert!(!schedule.is_step_due(now + took * 9, true));
    assert!(schedule.is_step_due(now + took * 10, false));
    assert_eq!(order(&schedule), [0, 1, 2], "it comes last in the next step");
}

#[test]
fn a_step_that_failed_is_followed_by_a_rest_that_the_tick_does_not_cut_short() {
    let (mut schedule, now) = (schedule(1_000), Instant::now());
    let long = Duration::from_secs(3);
    schedule.stepped(0, now, now + long, Failed);
    assert!(!schedule.is_step_due(now + long * 4, true));
    assert!(schedule.is_step_due(now + long * 5, true));
    assert_eq!(order(&schedule), [1, 2, 0], "another one comes first");
}

#[test]
fn a_back_off_is_not_cut_short() {
    let (mut schedule, now) = (schedule(1_000), Instant::now());
    schedule.stepped(0, now, now, Failed);
    assert_eq!(schedule.shorten(LONG, false, now), LONG);
    assert_eq!(schedule.shorten(LONG, true, now), AFTER_FAILURE);
    assert_eq!(schedule.shorten(LONG, true, now + AFTER_FAILURE), Duration::ZERO);
}
