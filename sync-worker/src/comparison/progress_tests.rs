use shared_models::comparison::{FacetState, OrderState};
use shared_models::revision::Revision;
use uuid::Uuid;

use super::End::{Peer, Source};
use super::*;

const GRACE: Duration = Duration::from_secs(10);

struct Run {
    progress: ComparisonProgress,
    begun: Instant,
}

fn difference(id: usize, store: u32) -> Difference {
    let facet = FacetState { revision: Revision { store, warehouse: 0 }, digest: "a".into() };
    let (delivery, progress) = (facet.clone(), facet);
    let id = Uuid::from_u128(id as u128);
    Difference {
        source: OrderState { id, delivery, progress, parked: false, dropped: false },
        peer: None,
    }
}

fn page(upto: i64, differences: Vec<Difference>) -> Page {
    Page { upto, differences, newest: [upto + 5, upto + 7] }
}

impl Run {
    fn new() -> Self {
        Self { progress: ComparisonProgress::default(), begun: Instant::now() }
    }

    fn at(&self, second: u64) -> Instant {
        self.begun + Duration::from_secs(second)
    }

    fn read(&mut self, second: u64, upto: i64, differences: &[usize]) {
        let differences = differences.iter().map(|id| difference(*id, 1)).collect();
        self.progress.add(page(upto, differences), self.at(second));
    }

    fn published(&mut self, second: u64, end: End, unpublished: Option<i64>) {
        let log = LogState { unpublished, ..LogState::default() };
        self.progress.record_published(end, &log, self.at(second));
    }

    fn all_published(&mut self, second: u64) {
        self.published(second, Source, None);
        self.published(second, Peer, None);
    }

    fn ready(&self, second: u64) -> Option<(usize, ReturnPath)> {
        self.progress.ready(self.at(second), GRACE)
    }
}

#[test]
fn reading_goes_on_while_differences_wait_and_progress_is_made_in_the_order_of_the_log() {
    let mut run = Run::new();
    run.read(0, 500, &[]);
    assert_eq!((run.progress.judged_to(), run.progress.read_to()), (500, 500));
    run.read(1, 1_000, &[1]);
    run.all_published(1);
    run.read(2, 1_500, &[]);
    run.read(3, 2_000, &[2, 3]);
    run.all_published(3);
    assert_eq!((run.progress.judged_to(), run.progress.read_to()), (500, 2_000));
    assert_eq!([run.ready(10), run.ready(11)], [None, Some((1, ReturnPath::Open))]);
    run.progress.complete(1);
    assert_eq!((run.progress.judged_to(), run.progress.pending()), (1_500, 2));
    assert_eq!([run.ready(12), run.ready(13)], [None, Some((1, ReturnPath::Open))]);
    run.progress.complete(1);
    assert_eq!((run.progress.judged_to(), run.progress.pending()), (2_000, 0));
}

#[test]
fn the_grace_begins_when_all_changes_are_published() {
    let mut run = Run::new();
    run.read(0, 500, &[1]);
    assert_eq!(
        [Source, Peer].map(|end| run.progress.place_to_publish(end)),
        [Some(505), Some(507)]
    );
    run.published(1, Source, Some(505));
    run.published(1, Peer, None);
    assert_eq!([Source, Peer].map(|end| run.progress.place_to_publish(end)), [Some(505), None]);
    assert!(run.progress.is_publishing_late(Source, run.at(11), GRACE));
    assert_eq!(run.ready(100), None);
    run.published(100, Source, Some(506));
    assert!(!run.progress.is_publishing_late(Source, run.at(111), GRACE));
    assert_eq!([run.ready(109), run.ready(110)], [None, Some((1, ReturnPath::Open))]);
}

#[test]
fn the_grace_begins_anew_while_messages_are_delayed() {
    let mut run = Run::new();
    run.read(0, 500, &[1]);
    run.progress.restart_grace(Source, run.at(0));
    assert_eq!(
        run.progress.place_to_publish(Source),
        Some(505),
        "a delay says nothing about what is published"
    );
    run.all_published(1);
    run.progress.restart_grace(Source, run.at(9));
    assert_eq!([run.ready(18), run.ready(19)], [None, Some((1, ReturnPath::Open))]);
}

#[test]
fn a_return_path_with_a_delay_is_not_waited_for_for_ever() {
    let mut run = Run::new();
    run.read(0, 500, &[1]);
    run.all_published(1);
    run.progress.restart_grace(Peer, run.at(5));
    assert_eq!([run.ready(14), run.ready(15)], [None, Some((1, ReturnPath::Open))]);
    run.progress.restart_grace(Peer, run.at(12));
    assert_eq!([run.ready(19), run.ready(20)], [None, Some((1, ReturnPath::Blocked))]);
}

#[test]
fn what_is_ready_is_judged_together_up_to_a_page_and_each_order_once() {
    let mut run = Run::new();
    let many = (0..300).collect::<Vec<_>>();
    for upto in [500, 1_000, 1_500] {
        run.read(0, upto, &many);
    }
    run.progress.add(page(2_000, vec![difference(7, 1)]), run.at(0));
    run.all_published(0);
    assert_eq!(run.ready(10), Some((1, ReturnPath::Open)));
    run.progress.complete(2);
    assert_eq!(run.ready(10), Some((2, ReturnPath::Open)));
    assert_eq!(run.progress.differences(2).len(), 300);
    let mut run = Run::new();
    run.progress.add(page(10, vec![difference(7, 1), difference(8, 1)]), run.at(0));
    run.progress.add(page(20, vec![difference(7, 2)]), run.at(0));
    assert_eq!(run.progress.differences(2), [difference(8, 1), difference(7, 2)]);
}

#[test]
fn it_does_not_fill_the_memory() {
    let mut run = Run::new();
    let many = (0..500).collect::<Vec<_>>();
    let mut upto = 0;
    while run.progress.may_read() {
        upto += 500;
        run.read(0, upto, &many);
        run.progress.add_boundary(Boundary { place: upto, at: DateTime::UNIX_EPOCH });
    }
    assert_eq!(run.progress.pending(), MAX_DIFFERENCES);
    for place in 0..1_000 {
        run.progress.add_boundary(Boundary { place: upto + place, at: DateTime::UNIX_EPOCH });
    }
    assert_eq!(run.progress.boundaries.len(), MAX_BOUNDARIES);
}

#[test]
fn the_time_up_to_which_all_is_compared_is_returned_once() {
    let mut run = Run::new();
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    run.progress.add_boundary(Boundary { place: 500, at: at(1) });
    assert_eq!(run.progress.take_as_of(), None);
    run.read(0, 500, &[]);
    run.read(0, 700, &[1]);
    run.progress.add_boundary(Boundary { place: 700, at: at(4) });
    assert_eq!((run.progress.take_as_of(), run.progress.take_as_of()), (Some(at(1)), None));
    run.progress.complete(1);
    run.progress.add_boundary(Boundary { place: 700, at: at(7) });
    assert_eq!(run.progress.take_as_of(), Some(at(7)), "nothing has changed since");
}

#[test]
fn another_worker_may_be_faster_and_a_source_that_was_set_back_is_read_again() {
    let mut run = Run::new();
    run.progress.synchronize(100, 900);
    assert_eq!((run.progress.judged_to(), run.progress.read_to()), (100, 100));
    run.read(0, 500, &[1]);
    run.read(0, 800, &[2]);
    run.progress.synchronize(500, 900);
    assert_eq!((run.progress.judged_to(), run.progress.pending()), (500, 1));
    for (compared, newest) in [(400, 900), (500, 700)] {
        let mut progress = run.progress.clone();
        progress.synchronize(compared, newest);
        assert_eq!((progress.judged_to(), progress.read_to()), (compared, compared));
        assert_eq!(progress.pending(), 0);
    }
}

#[test]
fn what_was_read_of_a_log_is_not_taken_for_progress_in_another_that_is_as_long() {
    let mut run = Run::new();
    run.progress.synchronize(100, 900);
    run.read(0, 500, &[1]);
    assert!(!run.progress.follow(0));
    assert_eq!((run.progress.read_to(), run.progress.pending()), (500, 1));
    assert!(run.progress.follow(1));
    run.progress.synchronize(100, 900);
    assert_eq!((run.progress.read_to(), run.progress.pending()), (100, 0));
    run.progress.synchronize(0, 900);
    assert!(!run.progress.follow(1), "it is known by now");
}
