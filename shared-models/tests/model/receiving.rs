//! The arrival of a batch: the worker makes it smaller, the receiver folds the rest and merges that
//! into its order, as in `crates/orders/src/routes/sync`.

use shared_models::coalesce::superseding;
use shared_models::merge::{fold_into, merge};
use shared_models::order::Touched;
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::guards;
use crate::publishing::News;
use crate::state::{Message, State};
use crate::steps::Step;
use crate::values::SmallOrder;
use crate::world::{Guard, World};

impl World {
    /// Adds a step for every subset of the messages under way. Of a batch of which only a part is
    /// settled, nothing need be settled: that part may arrive once more by itself.
    pub(crate) fn add_batches(&self, state: &State, steps: &mut Vec<Step>) {
        for from in Side::ALL {
            for picks in 1..1_u16 << state.under_way[from as usize].len() {
                steps.push(Step::Carry { from, picks, settled: true });
                // What has arrived is stale, and forgotten like what is settled.
                if !self.pruned {
                    steps.push(Step::Carry { from, picks, settled: false });
                }
            }
        }
    }

    pub(crate) fn carry(&self, state: &mut State, from: Side, picks: u16, settled: bool) {
        let picked = |place: &usize| picks & (1 << place) != 0;
        let sent = &mut state.under_way[from as usize];
        let batch: Vec<Message> = (0..sent.len()).filter(picked).map(|place| sent[place]).collect();
        if settled {
            sent.retain(|message| !batch.contains(message));
        }
        let changes = self.bundled(from, &batch);
        // Once for each batch is enough, whatever becomes of it afterwards. What a side says after
        // it was set back may not fold: that is merged one by one.
        if settled && state.set_back == [false; 2] {
            state.seen.bundled_otherwise |= otherwise_bundled(&batch).any(|other| other != changes);
        }
        for change in &changes {
            self.apply(state, from.peer(), change);
        }
    }

    /// Returns what the receiver gets of a batch that the worker has made smaller.
    fn bundled(&self, from: Side, batch: &[Message]) -> Vec<OrderChange> {
        folded(&match self.without {
            Some(Guard::DecidingFirst) => self.smaller_then_decided(from, batch),
            Some(
                Guard::TieOfRank
                | Guard::Fence
                | Guard::NoWayBack(..)
                | Guard::OfferAfterLoss
                | Guard::Marks
                | Guard::Forks,
            )
            | None => smaller(batch.iter().map(|message| message.change()).collect()),
        })
    }

    /// Returns the same in the wrong order: the newest event supersedes the others, and then the
    /// rules drop it.
    fn smaller_then_decided(&self, from: Side, batch: &[Message]) -> Vec<OrderChange> {
        let events: Vec<OrderChange> = batch.iter().map(|message| message.change()).collect();
        let superseding = superseding(&events);
        let newest = batch.iter().enumerate().filter(|(place, _)| superseding[*place] == *place);
        let decided = newest.filter_map(|(_, message)| {
            let Message { delivery, progress, undecided } = *message;
            let order = SmallOrder { delivery, progress: progress.unwrap_or_default() };
            let facts = undecided?;
            self.decided(from, order, facts.origin, facts.touched())
        });
        decided.map(Message::change).collect()
    }

    /// Merges an arriving change, and logs it with its consequences; it is not published.
    fn apply(&self, state: &mut State, side: Side, change: &OrderChange) {
        let before = state.order(side);
        let here = before.real();
        let merged = match self.without {
            Some(Guard::Fence) => guards::merge_without_fence(&here, change),
            Some(Guard::TieOfRank) => guards::merge_store_first(side, &here, change),
            Some(Guard::Marks) => guards::merge_without_marks(side, &here, change),
            Some(Guard::Forks) => guards::merge_by_revision(side, &here, change),
            Some(Guard::DecidingFirst | Guard::NoWayBack(..) | Guard::OfferAfterLoss) | None => {
                merge(side, &here, change)
            }
        };
        let after = SmallOrder::of(&merged.shared);
        let was_closed = before.progress.status.is_closed();
        let redirected = after.delivery.edits != before.delivery.edits;
        state.seen.silent |= was_closed && redirected && merged.conflicts.is_empty();
        let arrived = Message::of(change);
        let was_known = arrived.is_stale_for(before);
        state.seen.repeated |= match state.set_back {
            [false, false] => was_known && merged.touched != Touched::Nothing,
            // What is older may come from a lineage of its own. Once it has been decided upon, it
            // is known.
            _ => merge(side, &merged.shared, change).touched != Touched::Nothing,
        };
        state.seen.forgot |= !arrived.is_stale_for(after);
        state.seen.seems_set_back |= merged.set_back && state.set_back == [false; 2];
        merged.conflicts.iter().for_each(|conflict| state.show(conflict));
        if merged.touched != Touched::Nothing {
            state.replace(side, after);
            let settles = merged.is_own_change;
            state.decided[side as usize] += u8::from(settles);
            let origin = if settles { side } else { side.peer() };
            self.publish(state, side, News { origin, touched: merged.touched, before, settles });
            state.note_change();
        }
    }
}

/// Returns the worker's batch, made smaller: the newest change of the order supersedes the older
/// ones.
fn smaller(batch: Vec<OrderChange>) -> Vec<OrderChange> {
    let superseding = superseding(&batch).into_iter().enumerate();
    let newest = batch.into_iter().zip(superseding).filter(|(_, (place, by))| place == by);
    newest.map(|(change, _)| change).collect()
}

fn folded(changes: &[OrderChange]) -> Vec<OrderChange> {
    let mut folded = vec![];
    changes.iter().for_each(|change| fold_into(&mut folded, change));
    folded
}

/// Returns the other ways in which a batch of several may come: the newest first, and not made
/// smaller.
fn otherwise_bundled(batch: &[Message]) -> impl Iterator<Item = Vec<OrderChange>> {
    let oldest_first = || batch.iter().map(|message| message.change()).collect::<Vec<_>>();
    let newest_first = || batch.iter().rev().map(|message| message.change()).collect::<Vec<_>>();
    let ways = (batch.len() > 1).then(|| [smaller(newest_first()), oldest_first(), newest_first()]);
    ways.into_iter().flatten().map(|way| folded(&way))
}
