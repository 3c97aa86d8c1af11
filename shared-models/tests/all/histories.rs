//! The properties of all histories of two sides, however changes are edited, carried, repeated,
//! reordered and bundled.

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use shared_models::merge::merge;
use shared_models::order::Shared;
use shared_models::rules::RULES;
use shared_models::side::Side;

use crate::lineage::marks;
use crate::samples::saying;
use crate::steps::{Step, history, keys, side};
use crate::world::World;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_outstanding_brings_both_sides_to_the_same_in_any_order(
        steps in history(),
        orders in prop::collection::vec(keys(), 2),
    ) {
        let ends = orders.iter().map(|keys| {
            let mut world = World::after(&RULES, &steps);
            world.settle(keys);
            (world.store.shared, world.warehouse.shared)
        });
        let ends: Vec<(Shared, Shared)> = ends.collect();
        prop_assert_eq!(&ends[0].0, &ends[0].1, "the sides agree");
        prop_assert_eq!(&ends[0], &ends[1], "in whatever order it came");
    }

    #[test]
    fn what_comes_again_after_that_changes_nothing_and_records_nothing(
        steps in history(),
        again in prop::collection::vec((side(), any::<Index>()), 0..12),
    ) {
        let mut world = World::after(&RULES, &steps);
        world.settle(&[]);
        let count = |world: &World| Side::ALL.map(|side| {
            let place = world.at(side);
            (place.seen.len(), place.conflicts.len(), place.sent.len())
        });
        let quiet = count(&world);
        for (to, pick) in again {
            world.step(&Step::Carry { to, picks: vec![pick], coalesced: false });
        }
        prop_assert_eq!(count(&world), quiet);
    }

    #[test]
    fn a_change_crosses_the_wire_in_one_direction_once(steps in history()) {
        let mut world = World::after(&RULES, &steps);
        world.settle(&[]);
        prop_assert_eq!(world.store.sent.len() + world.warehouse.sent.len(), world.spoken);
    }

    #[test]
    fn without_any_rule_the_fence_alone_ends_the_exchange_and_the_sides_agree(
        steps in history(),
        keys in keys(),
    ) {
        let mut world = World::after(&[], &steps);
        world.settle(&keys);
        prop_assert_eq!(&world.store.shared, &world.warehouse.shared);
    }

    #[test]
    fn no_edit_disappears_in_silence(steps in history(), keys in keys()) {
        let mut world = World::after(&RULES, &steps);
        world.settle(&keys);
        let told = marks(&world.store.shared).into_iter().flatten().chain(world.shown());
        let told: Vec<u64> = told.flat_map(|edit| world.lineage.ancestry(edit)).collect();
        for edit in world.lineage.edits() {
            prop_assert!(told.contains(&edit), "edit {edit} neither stands nor is recorded");
        }
    }

    #[test]
    fn a_smaller_batch_comes_to_the_same_as_the_whole_one(
        steps in history(),
        to in side(),
        picks in prop::collection::vec(any::<Index>(), 1..8),
    ) {
        let ends = [true, false].map(|coalesced| {
            let mut world = World::after(&RULES, &steps);
            world.step(&Step::Carry { to, picks: picks.clone(), coalesced });
            world.at(to).shared.clone()
        });
        prop_assert_eq!(&ends[0], &ends[1]);
    }

    #[test]
    fn a_folded_batch_comes_to_the_same_as_its_changes_one_by_one(
        steps in history(),
        to in side(),
        picks in prop::collection::vec(any::<Index>(), 1..8),
    ) {
        let mut folded = World::after(&RULES, &steps);
        folded.step(&Step::Carry { to, picks: picks.clone(), coalesced: false });
        let mut single = World::after(&RULES, &steps);
        for pick in picks {
            single.step(&Step::Carry { to, picks: vec![pick], coalesced: false });
        }
        prop_assert_eq!(&folded.at(to).shared, &single.at(to).shared);
    }

    #[test]
    fn a_side_that_was_put_back_notices_and_has_everything_again(
        steps in history(),
        side in side(),
        backup in any::<Index>(),
    ) {
        let mut world = World::after(&RULES, &steps);
        world.settle(&[]);
        let agreed = world.at(side.peer()).shared.clone();
        let backup = backup.get(&world.at(side).seen).clone();
        let own = |shared: &Shared| {
            (shared.delivery.revision.of(side), shared.progress.revision.of(side))
        };
        let merged = merge(side, &backup, &saying(&agreed));
        prop_assert_eq!(merged.set_back, own(&backup) != own(&agreed));
        prop_assert_eq!(merged.shared, agreed);
    }
}
