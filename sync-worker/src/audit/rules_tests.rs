use shared_models::comparison::FacetState;
use shared_models::revision::Revision;

use super::*;

type State = Option<OrderState>;

/// An order of one id; its delivery has the revision, `progress` is its warehouse's count.
fn state(delivery: (u32, u32), digest: &str, progress: u32) -> State {
    let revision = |store, warehouse| Revision { store, warehouse };
    Some(OrderState {
        id: Uuid::from_u128(1),
        delivery: FacetState {
            revision: revision(delivery.0, delivery.1),
            digest: digest.to_owned(),
        },
        progress: FacetState { revision: revision(0, progress), digest: "1-p".to_owned() },
        parked: false,
        dropped: false,
    })
}

fn parked(state: State) -> State {
    state.map(|state| OrderState { parked: true, ..state })
}

fn at(store: State, warehouse: State) -> Pair {
    Pair { id: Uuid::from_u128(1), store, warehouse }
}

fn unchanged(pair: &Pair) -> Verdict {
    pair.judge(pair)
}

#[test]
fn a_difference_that_stays_is_named() {
    let old = || state((1, 0), "1-a", 0);
    let cases = [
        (at(old(), None), Kind::MissingAtWarehouse),
        (at(None, old()), Kind::MissingAtStore),
        (at(state((2, 0), "1-b", 0), old()), Kind::WarehouseBehind),
        (at(old(), state((1, 1), "1-b", 0)), Kind::StoreBehind),
        (at(old(), state((1, 0), "1-a", 1)), Kind::StoreBehind),
        (at(state((2, 0), "1-b", 0), state((1, 1), "1-c", 0)), Kind::BothBehind),
        (at(state((2, 0), "1-b", 0), state((1, 0), "1-a", 1)), Kind::BothBehind),
        (at(old(), state((1, 0), "1-b", 0)), Kind::Different),
        (at(state((2, 0), "1-b", 1), state((1, 0), "1-a", 1)), Kind::WarehouseBehind),
    ];
    for (pair, kind) in cases {
        assert!(!pair.agrees(), "{pair:?}");
        assert_eq!(unchanged(&pair), Verdict::Differs(kind), "{pair:?}");
    }
}

#[test]
fn contents_that_nobody_has_changed_are_compared_too() {
    let mut changed_by_hand = state((1, 0), "1-a", 0);
    changed_by_hand.as_mut().unwrap().progress.digest = "1-q".to_owned();
    let pair = at(state((1, 0), "1-a", 0), changed_by_hand);
    assert!(!pair.agrees());
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::Different));
}

#[test]
fn digests_of_different_formats_are_no_difference() {
    assert!(at(state((1, 0), "1-a", 0), state((1, 0), "2-a", 0)).agrees());
}

#[test]
fn what_has_arrived_meanwhile_is_no_difference() {
    let (one, two, three) =
        (state((1, 0), "1-a", 0), state((2, 0), "1-b", 0), state((3, 0), "1-c", 0));
    let first = at(two.clone(), one.clone());
    assert_eq!(first.judge(&at(two.clone(), two.clone())), Verdict::Equal);
    assert_eq!(first.judge(&at(three.clone(), two.clone())), Verdict::Moving, "edited since");
    assert_eq!(
        first.judge(&at(three.clone(), one.clone())),
        Verdict::Differs(Kind::WarehouseBehind)
    );
    let created = at(one.clone(), None);
    assert_eq!(created.judge(&at(two, one)), Verdict::Moving);
    assert_eq!(created.judge(&at(three, None)), Verdict::Differs(Kind::MissingAtWarehouse));
}

#[test]
fn what_one_side_had_and_both_have_lost_is_a_difference_only_where_they_differ() {
    let (one, two) = (state((1, 0), "1-a", 0), state((2, 0), "1-b", 0));
    let first = at(two, one.clone());
    assert_eq!(first.judge(&at(one.clone(), one)), Verdict::Equal);
    assert_eq!(first.judge(&at(None, None)), Verdict::Equal, "both were removed");
}

#[test]
fn what_is_parked_is_left_to_its_side() {
    let (one, two) = (state((1, 0), "1-a", 0), state((2, 0), "1-b", 0));
    let pair = at(parked(two.clone()), one.clone());
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::Parked));
    assert_eq!(Kind::Parked.offered_by(), []);
    // A change that is parked at the side that lacks something is not the one that it lacks.
    let pair = at(two.clone(), parked(one));
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::WarehouseBehind));
    assert!(at(parked(two.clone()), two.clone()).agrees(), "it has arrived by another way");
    let pair = at(parked(two), state((1, 0), "1-a", 1));
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::StoreBehind), "the store lacks it still");
}

#[test]
fn no_offer_of_two_contents_brings_what_is_set_aside_at_the_store() {
    let two_contents = |store: State| {
        let mut warehouse = state((1, 0), "1-a", 1);
        warehouse.as_mut().unwrap().progress.digest = "1-q".to_owned();
        unchanged(&at(store, warehouse))
    };
    let edited = || state((2, 0), "1-b", 1);
    assert_eq!(two_contents(edited()), Verdict::Differs(Kind::WarehouseBehind));
    assert_eq!(two_contents(parked(edited())), Verdict::Differs(Kind::Parked));
    assert_eq!(two_contents(dropped(edited())), Verdict::Differs(Kind::Dropped));
}

fn dropped(state: State) -> State {
    state.map(|state| OrderState { dropped: true, ..state })
}

#[test]
fn what_a_person_dropped_is_offered_by_nobody() {
    let (one, two) = (|| state((1, 0), "1-a", 0), || state((2, 0), "1-b", 0));
    let changed_twice = state((1, 0), "1-c", 0);
    for pair in [
        at(dropped(two()), one()),
        at(one(), dropped(two())),
        at(dropped(one()), None),
        at(None, dropped(one())),
        at(dropped(one()), changed_twice.clone()),
        at(one(), dropped(changed_twice)),
        at(dropped(two()), dropped(state((1, 1), "1-d", 0))),
    ] {
        assert_eq!(unchanged(&pair), Verdict::Differs(Kind::Dropped), "{pair:?}");
    }
    assert_eq!(Kind::Dropped.offered_by(), []);
    assert_eq!(unchanged(&at(parked(dropped(two())), one())), Verdict::Differs(Kind::Parked));
    assert!(at(dropped(two()), two()).agrees(), "it has arrived by another way");
}

#[test]
fn a_dropped_change_explains_nothing_that_its_own_side_lacks() {
    let (one, two) = (state((1, 0), "1-a", 0), state((2, 0), "1-b", 0));
    let pair = at(two.clone(), dropped(one.clone()));
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::WarehouseBehind));
    let picked = state((1, 0), "1-a", 1);
    let pair = at(dropped(two.clone()), picked.clone());
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::StoreBehind), "the store lacks it still");
    let pair = at(two.clone(), dropped(picked));
    assert_eq!(unchanged(&pair), Verdict::Differs(Kind::WarehouseBehind));
    // A newer change was published since the first reading, and is on its way.
    let first = at(dropped(two.clone()), one.clone());
    let now = at(state((3, 0), "1-e", 0), one);
    assert_eq!(first.judge(&now), Verdict::Differs(Kind::WarehouseBehind));
    assert_eq!(first.judge(&at(now.store.clone(), two)), Verdict::Moving);
}

fn page(ids: &[u128], upto: Option<u128>) -> StatesPage {
    let order = |id: &u128| {
        let state = state((1, 0), "1-a", 0).unwrap();
        OrderState { id: Uuid::from_u128(*id), ..state }
    };
    let orders = ids.iter().map(order).collect();
    StatesPage { orders, upto: upto.map(Uuid::from_u128), newest: 0 }
}

/// The numbers of the orders in the range, and where they are.
fn joined(store: StatesPage, warehouse: StatesPage) -> (Vec<(u128, &'static str)>, Option<u128>) {
    let Joined { pairs, upto } = join(store, warehouse);
    let place = |pair: &Pair| match (&pair.store, &pair.warehouse) {
        (Some(_), Some(_)) => "both",
        (Some(_), None) => "store",
        (None, Some(_)) => "warehouse",
        (None, None) => "none",
    };
    let pairs = pairs.iter().map(|pair| (pair.id.as_u128(), place(pair))).collect();
    (pairs, upto.map(|id| id.as_u128()))
}

#[test]
fn two_pages_are_joined_as_far_as_both_reach() {
    let both = joined(page(&[1, 2, 3], Some(3)), page(&[1, 3, 4], Some(4)));
    assert_eq!(both, (vec![(1, "both"), (2, "store"), (3, "both")], Some(3)));
    let later = joined(page(&[1, 2], Some(2)), page(&[7, 8], Some(8)));
    assert_eq!(later, (vec![(1, "store"), (2, "store")], Some(2)));
}

#[test]
fn a_side_that_has_come_to_its_end_limits_no_range() {
    let one = joined(page(&[1, 2], None), page(&[1, 3], Some(3)));
    assert_eq!(one, (vec![(1, "both"), (2, "store"), (3, "warehouse")], Some(3)));
    let both = joined(page(&[1, 2], None), page(&[9], None));
    assert_eq!(both, (vec![(1, "store"), (2, "store"), (9, "warehouse")], None));
    assert_eq!(joined(page(&[], None), page(&[], None)), (vec![], None));
}
