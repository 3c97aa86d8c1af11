//! The properties of every state, those of every quiet state, and what must happen at all.

use shared_models::side::Side;
use stateright::Property;

use crate::edits::Edits;
use crate::state::State;
use crate::values::SmallOrder;
use crate::world::{Scope, World};

pub(crate) const REVISIONS_GROW: &str = "revisions only grow";
pub(crate) const ONCE: &str = "a change is applied at most once";
pub(crate) const NO_RETURN: &str = "no change returns to the side that decided it";
pub(crate) const NO_DEFAULT: &str = "progress of revision zero is never sent";
pub(crate) const SENT_ONCE: &str =
    "nothing is sent more often than it was made, offered or decided";
pub(crate) const AGREED: &str = "when it is quiet, both sides are equal";
pub(crate) const NOT_SILENT: &str = "when it is quiet, every edit stands, was seen or is recorded";

pub(crate) fn all() -> Vec<Property<World>> {
    vec![
        always(REVISIONS_GROW, |_, state| !state.seen.fell),
        always(ONCE, |_, state| !state.seen.repeated),
        always("however it is bundled, a batch comes to the same", |_, state| {
            !state.seen.bundled_otherwise
        }),
        always("what has arrived is known", |_, state| !state.seen.forgot),
        always("one revision is one value", |_, state| {
            state.set_back != [false; 2] || one_value(state.orders)
        }),
        always("progress is at zero exactly while placed", |_, state| {
            state.orders.iter().all(|order| is_zero_while_placed(*order))
        }),
        always(NO_RETURN, |_, state| !state.seen.returned),
        always(NO_DEFAULT, |_, state| !state.seen.default_sent),
        always(SENT_ONCE, |_, state| is_sent_once(state)),
        always("only where both are set back, an edit is left with nobody", |_, state| {
            state.set_back == [true; 2] || state.forgotten == [Edits::default(); 2]
        }),
        always("a fork is decided at most once at each side", |_, state| {
            let forks = state.set_back.iter().filter(|was| **was).count();
            state.decided.iter().all(|decided| usize::from(*decided) <= forks)
        }),
        always("no closed order is redirected in silence", |_, state| !state.seen.silent),
        always("no side seems to be set back", |_, state| !state.seen.seems_set_back),
        // Marks are not content, but evidence: the sides need not have the same.
        always(AGREED, |_, state| {
            !state.is_quiet()
                || state.order(Side::Store).real() == state.order(Side::Warehouse).real()
        }),
        always(NOT_SILENT, |_, state| !state.is_quiet() || is_all_told(state)),
        sometimes("the sides agree after every edit and offer", |world, state| {
            let used = |counts: [u8; 2], most| counts.iter().all(|count| *count == most);
            state.is_quiet()
                && used(state.offered, world.offers)
                && (world.scope != Scope::Delivery || used(state.edited, world.edits))
        }),
        sometimes("an edit loses and is recorded", |world, state| {
            let facet = usize::from(world.scope == Scope::Progress);
            state.is_quiet() && state.shown[facet] != Edits::default()
        }),
    ]
}

type Condition = fn(&World, &State) -> bool;

fn always(name: &'static str, condition: Condition) -> Property<World> {
    Property::always(name, condition)
}

fn sometimes(name: &'static str, condition: Condition) -> Property<World> {
    Property::sometimes(name, condition)
}

fn one_value([store, warehouse]: [SmallOrder; 2]) -> bool {
    let (a, b) = (store.delivery, warehouse.delivery);
    let (c, d) = (store.progress, warehouse.progress);
    (a.counts != b.counts || a == b) && (c.counts != d.counts || c == d)
}

fn is_zero_while_placed(order: SmallOrder) -> bool {
    order.progress.status.is_default() == order.progress.is_default()
}

/// Returns whether nothing was sent more often than it was made. The creation is one more that the
/// store has made.
fn is_sent_once(state: &State) -> bool {
    let made = [state.edited[0] + 1, state.edited[1]];
    let others = |side: usize| state.offered[side] + state.compared[side] + state.decided[side];
    (0..2).all(|side| state.sent[side] <= made[side] + others(side))
}

/// Returns whether no edit has disappeared: each stands, is recorded, or was seen by the author of
/// one that has not disappeared.
fn is_all_told(state: &State) -> bool {
    let SmallOrder { delivery, progress } = state.orders[0];
    let told = [delivery.edits.and(state.shown[0]), progress.edits.and(state.shown[1])];
    (0..2).all(|facet| told[facet].and(state.forgotten[facet]).holds(state.made[facet]))
}
