//! Forgetting messages that can do nothing any more, so that a deeper world can be seen whole.
//!
//! A message is stale once its receiver has seen, of each facet, all that the message tells. To
//! forget it then is sound while the following holds, which unpruned models check for every state:
//!
//! - *Alone, it does nothing*, now or later: what is older or the same changes nothing and records
//!   nothing, and a receiver's revisions only grow. Whether it is settled makes no difference.
//! - *In a batch, it does nothing.* A sender's revisions only grow, so of the messages of one
//!   direction one always has seen the other, facet by facet, and the newest of a batch is what
//!   `fold` makes of it. Where a stale message is the newest of a facet, all of the batch is old
//!   news of that facet; where it is not, the batch comes to the same without it. And it speaks
//!   only for messages that it covers, which are stale with it.
//! - *Lost with its queue*, it is missed by nobody.
//! - *Nothing else looks at it.* A quiet state becomes one in which all that is under way is stale,
//!   so what must hold in a quiet state is asked of more states, not of fewer.
//!
//! So what both sides and their records come to with stale messages, they come to without, and the
//! other way round. The test here holds one against the other in worlds small enough for both.

use std::collections::{BTreeSet, HashSet};

use shared_models::side::Side;
use stateright::Model;

use crate::edits::Edits;
use crate::state::State;
use crate::values::SmallOrder;
use crate::world::{Scope, World};

impl State {
    pub(crate) fn forget_stale(&mut self) {
        for from in Side::ALL {
            let order = self.order(from.peer());
            self.under_way[from as usize].retain(|message| !message.is_stale_for(order));
        }
    }
}

/// The end of a history: both orders, the recorded edits, the counts of each side, and whether the
/// state is quiet.
type End = ([SmallOrder; 2], [Edits; 2], [u8; 2], [u8; 2], bool);

fn ends(world: &World) -> BTreeSet<End> {
    let mut waiting = world.init_states();
    let mut known: HashSet<State> = waiting.iter().cloned().collect();
    let mut steps = vec![];
    while let Some(state) = waiting.pop() {
        world.actions(&state, &mut steps);
        for next in steps.drain(..).filter_map(|step| world.next_state(&state, step)) {
            if known.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    let end =
        |state: State| (state.orders, state.shown, state.edited, state.offered, state.is_quiet());
    known.into_iter().map(end).collect()
}

/// Compares the ends with and without pruning. A stale message that is yet to be settled keeps a
/// state from being quiet, a forgotten one does not; so whether it is quiet is left out of one
/// comparison, and the quiet ends are compared once more.
#[test]
fn with_stale_messages_forgotten_the_sides_come_to_the_same() {
    for (scope, edits) in [(Scope::Delivery, 2), (Scope::Progress, 2), (Scope::Both, 1)] {
        let world = World::new(scope, edits);
        let (whole, pruned) = (ends(&world), ends(&world.pruned()));
        assert_eq!(regardless(&whole), regardless(&pruned), "{scope:?}, all");
        assert_eq!(quiet(&whole), quiet(&pruned), "{scope:?}, quiet");
    }
}

fn regardless(ends: &BTreeSet<End>) -> BTreeSet<End> {
    ends.iter()
        .map(|(orders, shown, edited, offered, _)| (*orders, *shown, *edited, *offered, true))
        .collect()
}

fn quiet(ends: &BTreeSet<End>) -> BTreeSet<End> {
    ends.iter().filter(|end| end.4).copied().collect()
}
