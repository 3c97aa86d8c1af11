use shared_models::comparison::FacetState;
use shared_models::revision::Revision;

use super::*;

fn state(id: u128, digest: &str) -> OrderState {
    let facet = FacetState { revision: Revision::ZERO, digest: digest.to_owned() };
    OrderState {
        id: Uuid::from_u128(id),
        delivery: facet.clone(),
        progress: facet,
        parked: false,
        dropped: false,
    }
}

fn pair(id: u128, store: Option<&str>, warehouse: Option<&str>) -> Pair {
    let of = |digest: &str| state(id, digest);
    Pair { id: Uuid::from_u128(id), store: store.map(of), warehouse: warehouse.map(of) }
}

fn equal(id: u128, digest: &str) -> Pair {
    pair(id, Some(digest), Some(digest))
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
}

#[test]
fn the_digests_are_equal_while_the_sides_agree_and_differ_for_each_kind_that_is_left() {
    let mut agreed = Findings::default();
    agreed.add_equal(&equal(1, "1-a"));
    agreed.add_equal(&pair(2, Some("1-a"), Some("2-b")));
    agreed.add_moving(Uuid::from_u128(3));
    agreed.add_healed(Uuid::from_u128(1), Kind::Different);
    assert_eq!(agreed.digests.store, agreed.digests.warehouse);
    assert_eq!((agreed.compared, agreed.found, agreed.healed), (3, 1, 1));
    for left in
        [pair(4, Some("1-a"), None), pair(4, None, Some("1-a")), pair(4, Some("1-a"), Some("1-b"))]
    {
        let mut findings = agreed.clone();
        findings.add_left(&left, Kind::Different);
        assert_ne!(findings.digests.store, findings.digests.warehouse);
    }
}

#[test]
fn a_digest_tells_contents_ids_and_missing_orders_apart_and_no_order_of_adding() {
    let of = |pairs: &[Pair]| {
        let mut findings = Findings::default();
        pairs.iter().for_each(|pair| findings.add_equal(pair));
        findings.digests.store
    };
    let all = of(&[equal(1, "1-a"), equal(2, "1-b")]);
    assert_eq!(all, of(&[equal(2, "1-b"), equal(1, "1-a")]));
    for other in [vec![equal(1, "1-a")], vec![equal(1, "1-b"), equal(2, "1-a")]] {
        assert_ne!(all, of(&other));
    }
    let mut parts = Findings::default();
    for order in [equal(1, "1-a"), equal(2, "1-b")] {
        let mut part = Findings::default();
        part.add_equal(&order);
        parts.add(part);
    }
    assert_eq!((parts.digests.store, parts.compared), (all, 2));
}

#[test]
fn what_is_left_counts_by_its_kind_and_what_a_person_dropped_by_itself() {
    let behind = |id| Pair { store: Some(state(id, "1-b")), ..pair(id, None, Some("1-a")) };
    let mut findings = Findings::default();
    for (id, kind) in [(1, Kind::WarehouseBehind), (2, Kind::Parked), (3, Kind::Dropped)] {
        findings.add_left(&behind(id), kind);
    }
    let mut all = Findings::default();
    all.add_healed(Uuid::from_u128(4), Kind::Different);
    all.add(findings);
    let Findings { compared, found, healed, left, parked, dropped, .. } = all;
    assert_eq!([compared, found, healed, left, parked, dropped], [3, 3, 1, 2, 1, 1]);
    let named = all.differences.iter().map(|it| (it.order.as_u128(), it.kind, it.outcome));
    assert!(named.into_iter().any(|it| it == (3, Kind::Dropped, Ending::Left)));
    let mut only_dropped = Findings::default();
    only_dropped.add_left(&behind(3), Kind::Dropped);
    assert_eq!((only_dropped.found, only_dropped.left), (0, 0));
    assert_ne!(only_dropped.digests.store, only_dropped.digests.warehouse, "the sides differ");
}

#[test]
fn a_report_names_the_first_differences_and_counts_all() {
    let mut findings = Findings::default();
    for part in 0..3 {
        let mut found = Findings::default();
        (0..80).for_each(|id| found.add_healed(Uuid::from_u128(100 * part + id), Kind::Different));
        findings.add(found);
    }
    assert_eq!((findings.found, findings.differences.len()), (240, MAX_NAMED));
    assert_eq!(findings.differences[99].order, Uuid::from_u128(119));
}

#[test]
fn a_run_continues_what_another_one_has_begun_and_a_person_begins_anew() {
    let mut progress = Progress::begin(&Cursors::new(), false, at(0));
    assert_eq!((progress.report.number, progress.report.expected), (1, None));
    progress.after = Some(Uuid::from_u128(7));
    progress.report.findings.add_equal(&equal(7, "1-a"));
    let cursors = progress.cursors();
    assert_eq!(Progress::begin(&cursors, false, at(3_600)), progress);
    for anew in
        [Progress::begin(&cursors, true, at(9)), Progress::begin(&cursors, false, at(86_400))]
    {
        assert_eq!((anew.after, anew.report.number, anew.report.findings.compared), (None, 2, 0));
    }
}

#[test]
fn an_audit_that_came_to_its_end_is_not_continued_and_numbers_go_on() {
    let mut progress = Progress::begin(&Cursors::new(), false, at(0));
    progress.report.findings.add_equal(&equal(7, "1-a"));
    let next = Progress::begin(&progress.report.cursors_at_end(), false, at(9));
    assert_eq!((next.report.number, next.report.expected, next.after), (2, Some(1), None));
}

#[test]
fn a_cursor_that_cannot_be_read_begins_anew() {
    let cursors = [(NUMBER, "7"), (PROGRESS, "{}")];
    let cursors = cursors.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(Progress::begin(&Cursors::from(cursors), false, at(0)).report.number, 8);
}

#[test]
fn a_digest_is_read_as_it_is_written() {
    let mut digest = SideDigest::default();
    digest.add(&hash(&state(1, "1-a")));
    let text = String::from(digest);
    assert_eq!((text.len(), SideDigest::try_from(text)), (64, Ok(digest)));
    for malformed in ["", "0", &"x".repeat(64), &"é".repeat(32)] {
        assert!(SideDigest::try_from(malformed.to_owned()).is_err(), "{malformed}");
    }
}
