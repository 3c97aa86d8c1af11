use shared_models::comparison::{FacetState, OrderState};
use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The places that comparing has to pass.
const PLACES: Places = [100, 50];

fn logs(compared: Places) -> [LogState; 2] {
    compared.map(|compared| LogState { compared, ..LogState::default() })
}

/// Looks at each of these moments how far comparing is, and returns the last answer.
fn look(moments: &[(Duration, Places)]) -> Result<bool, RunFailure> {
    let (mut passing, began) = (Passing::default(), Instant::now());
    let mut answer = Ok(false);
    for (after, compared) in moments {
        assert_eq!(answer, Ok(false), "it was over before {after:?}");
        answer = passing.is_over(&logs(*compared), PLACES, began + *after);
    }
    answer
}

#[test]
fn comparing_that_has_passed_both_places_is_over() {
    for compared in [PLACES, [101, 50], [100, 51], [900, 900]] {
        assert_eq!(look(&[(Duration::ZERO, compared)]), Ok(true), "{compared:?}");
    }
    assert_eq!(look(&[(Duration::ZERO, [0, 50]), (STALLED * 2, PLACES)]), Ok(true));
}

#[test]
fn a_side_that_has_passed_its_place_keeps_no_audit_waiting_for_one_that_stands_still() {
    for at in [|n| [100 + n, 20], |n| [20, 50 + n]] {
        let minutes = (0_i64..=10).map(|n| (SECOND * 60 * n.unsigned_abs() as u32, at(n)));
        let minutes = minutes.collect::<Vec<_>>();
        assert_eq!(look(&minutes), Ok(false));
        let failure = look(&[&*minutes, &[(STALLED + SECOND, at(11))]].concat()).unwrap_err();
        assert_eq!(failure.reason, "undecided");
    }
}

#[test]
fn a_side_that_comes_nearer_slowly_is_waited_for() {
    let nearly = STALLED - SECOND;
    let slow = (0..30_i64).map(|n| (nearly * n.unsigned_abs() as u32, [100 + n, 20 + n]));
    let slow = slow.collect::<Vec<_>>();
    assert_eq!(look(&slow), Ok(false));
    assert_eq!(look(&[&*slow, &[(nearly * 30, [130, 50])]].concat()), Ok(true));
}

#[test]
fn a_log_that_was_set_back_behind_its_place_fails_the_audit() {
    // All of that log is compared, and nothing is written at that side.
    let set_back = [(Duration::ZERO, [90, 50]), (SECOND, [70, 55])];
    assert_eq!(look(&set_back), Ok(false));
    let for_long = [&set_back[..], &[(STALLED + SECOND * 2, [70, 60])]].concat();
    let failure = look(&for_long).unwrap_err();
    assert_eq!(failure.reason, "undecided");
    assert!(failure.detail.contains("the store is compared up to 70 of 100"), "{failure:?}");
}

fn state(id: u128, store: u32) -> Option<OrderState> {
    let facet = |store| FacetState {
        revision: Revision { store, warehouse: 0 },
        digest: format!("1-{store}"),
    };
    let (delivery, progress) = (facet(store), facet(0));
    let id = Uuid::from_u128(id);
    Some(OrderState { id, delivery, progress, parked: false, dropped: false })
}

fn pair(id: u128, store: u32, warehouse: u32) -> Pair {
    Pair { id: Uuid::from_u128(id), store: state(id, store), warehouse: state(id, warehouse) }
}

fn open(id: u128, found: Option<Kind>) -> Open {
    Open { pair: pair(id, 2, 1), found }
}

#[test]
fn orders_are_settled_that_agree_or_move_and_the_others_stay_open_with_the_states_of_both_readings()
{
    let orders = vec![
        open(1, None),
        open(2, Some(Kind::Different)),
        open(3, None),
        open(4, None),
        open(5, Some(Kind::Different)),
    ];
    let now = vec![pair(1, 2, 2), pair(2, 2, 2), pair(3, 3, 2), pair(4, 2, 1), pair(5, 3, 1)];
    let mut findings = Findings::default();
    let (rest, differing) = judge(orders, now.clone(), &mut findings);
    let rest = rest.into_iter().map(|order| (order.pair, order.found)).collect::<Vec<_>>();
    let expected = [(pair(4, 2, 1), None), (pair(5, 2, 1), Some(Kind::Different))];
    assert_eq!(rest, expected, "judged again by what they were at first");
    let differing = differing.into_iter().map(|order| (order.pair, order.found, order.kind));
    let expected = [
        (now[3].clone(), Kind::WarehouseBehind, Kind::WarehouseBehind),
        (now[4].clone(), Kind::Different, Kind::WarehouseBehind),
    ];
    assert_eq!(differing.collect::<Vec<_>>(), expected, "with what they are now");
    let Findings { compared, moving, found, healed, left, .. } = findings;
    assert_eq!([compared, moving, found, healed, left], [3, 1, 1, 1, 0]);
}

#[test]
fn what_was_lost_beside_a_parked_change_is_healed_although_that_is_left() {
    let is_healed = |found, kind, parked_at: Side| {
        let mut pair = pair(1, 2, 1);
        let state = match parked_at {
            Side::Store => &mut pair.store,
            Side::Warehouse => &mut pair.warehouse,
        };
        state.as_mut().unwrap().parked = true;
        Differing { pair, found, kind }.is_healed_but_for_the_rest()
    };
    use Kind::{BothBehind, Parked, StoreBehind, WarehouseBehind};
    assert!(is_healed(StoreBehind, Parked, Side::Store));
    assert!(
        !is_healed(WarehouseBehind, Parked, Side::Store),
        "that was parked when it was offered"
    );
    assert!(!is_healed(BothBehind, Parked, Side::Store), "half of it was");
    assert!(!is_healed(StoreBehind, StoreBehind, Side::Store), "it is left");
    assert!(!is_healed(Parked, Parked, Side::Store), "nothing was offered");
}
