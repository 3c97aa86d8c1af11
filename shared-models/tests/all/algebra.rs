//! The algebra of `merge`: over the states that two sides can reach, it gives the same result in
//! any order and any number of times.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use shared_models::merge::{Cause, Conflict, merge};
use shared_models::order::{Facet, Shared};
use shared_models::rules::RULES;
use shared_models::side::Side;

use crate::samples::saying;
use crate::steps::{history, keys};
use crate::world::World;

/// The number of states of one history that are combined in all ways.
const STATES: usize = 10;

fn join(here: &Shared, arriving: &Shared) -> Shared {
    let [a, b] = Side::ALL.map(|side| merge(side, here, &saying(arriving)).shared);
    assert_eq!(a, b, "whichever side it is that merges");
    a
}

/// Returns states that the sides were in, and states that they sent, spread over the whole history.
fn reachable(world: &World) -> Vec<Shared> {
    let mut states: Vec<Shared> = vec![];
    for side in Side::ALL {
        let place = world.at(side);
        let said = place.sent.iter().map(|change| Shared {
            delivery: change.delivery.clone(),
            progress: change.progress.clone().unwrap_or_else(Facet::default),
        });
        for state in place.seen.iter().cloned().chain(said) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
    }
    let stride = states.len().div_ceil(STATES);
    states.into_iter().step_by(stride).collect()
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn merge_is_idempotent(steps in history()) {
        for a in reachable(&World::after(&RULES, &steps)) {
            prop_assert_eq!(&join(&a, &a), &a);
        }
    }

    #[test]
    fn merge_is_commutative_and_what_was_merged_in_is_covered(steps in history()) {
        let states = reachable(&World::after(&RULES, &steps));
        for a in &states {
            for b in &states {
                let both = join(a, b);
                prop_assert_eq!(&both, &join(b, a));
                prop_assert_eq!(&both, &join(&both, b));
                prop_assert_eq!(&both, &join(&both, a));
            }
        }
    }

    #[test]
    fn merge_is_associative(steps in history()) {
        let states = reachable(&World::after(&RULES, &steps));
        for a in &states {
            for b in &states {
                let both = join(a, b);
                for c in &states {
                    prop_assert_eq!(join(&both, c), join(a, &join(b, c)));
                }
            }
        }
    }

    #[test]
    fn one_revision_never_stands_for_two_values(steps in history(), keys in keys()) {
        let mut world = World::after(&RULES, &steps);
        world.settle(&keys);
        let states: Vec<&Shared> = world.store.seen.iter().chain(&world.warehouse.seen).collect();
        for a in &states {
            for b in &states {
                if a.delivery.revision == b.delivery.revision {
                    prop_assert_eq!(&a.delivery, &b.delivery);
                }
                if a.progress.revision == b.progress.revision {
                    prop_assert_eq!(&a.progress, &b.progress);
                }
            }
        }
    }
}

/// Checks that the sides disagree often: otherwise the histories would show little.
#[test]
fn the_histories_are_full_of_disagreement() {
    let mut runner = TestRunner::deterministic();
    let (mut delivery, mut progress, mut late) = (0, 0, 0);
    for _ in 0..200 {
        let steps = history().new_tree(&mut runner).expect("a history").current();
        let mut world = World::after(&RULES, &steps);
        world.settle(&[]);
        for conflict in world.store.conflicts.iter().chain(&world.warehouse.conflicts) {
            match conflict {
                Conflict::Delivery(decided) if decided.cause == Cause::Late => late += 1,
                Conflict::Delivery(_) => delivery += 1,
                Conflict::Progress(_) => progress += 1,
            }
        }
    }
    let counts = format!("delivery {delivery}, progress {progress}, late {late}");
    assert!(delivery > 80 && progress > 40 && late > 10, "{counts}");
}
