//! `merge` with one guard switched off, for the checks that must fail.

use shared_models::marks::Marks;
use shared_models::merge::{Cause, Merged, merge};
use shared_models::order::{Facet, Shared, Touched};
use shared_models::revision::{Relation, Revision};
use shared_models::side::Side;
use shared_models::sync::OrderChange;

/// A merge without the fence: the arriving value replaces the present one, older or not.
pub(crate) fn merge_without_fence(here: &Shared, change: &OrderChange) -> Merged {
    let shared = Shared {
        delivery: change.delivery.clone(),
        progress: change.progress.clone().unwrap_or_else(|| here.progress.clone()),
    };
    let touched = Touched::new(shared.delivery != here.delivery, shared.progress != here.progress);
    Merged { shared, touched, conflicts: vec![], set_back: false, is_own_change: false }
}

/// The real merge, but of two values of progress that are of one rank, the one with the larger
/// store count stands.
pub(crate) fn merge_store_first(side: Side, here: &Shared, change: &OrderChange) -> Merged {
    let mut merged = merge(side, here, change);
    if let Some(incoming) = &change.progress {
        let (this, that) = (incoming.revision, here.progress.revision);
        let tie = incoming.value.status == here.progress.value.status;
        if tie && this.relation_to(that) == Relation::Concurrent {
            merged.shared.progress.value = match has_more_of_store(this, that) {
                true => incoming.value.clone(),
                false => here.progress.value.clone(),
            };
        }
    }
    merged
}

const fn has_more_of_store(this: Revision, that: Revision) -> bool {
    this.store > that.store
}

/// The real merge of facets that have no marks.
pub(crate) fn merge_without_marks(side: Side, here: &Shared, change: &OrderChange) -> Merged {
    let (mut here, mut change) = (here.clone(), change.clone());
    (here.delivery.marks, here.progress.marks) = (Marks::UNKNOWN, Marks::UNKNOWN);
    change.delivery.marks = Marks::UNKNOWN;
    if let Some(progress) = &mut change.progress {
        progress.marks = Marks::UNKNOWN;
    }
    merge(side, &here, &change)
}

/// The real merge where revisions say that neither is newer; else the newer one, without a record.
pub(crate) fn merge_by_revision(side: Side, here: &Shared, change: &OrderChange) -> Merged {
    let merged = merge(side, here, change);
    if merged.conflicts.iter().all(|conflict| conflict.cause() == Cause::Concurrent) {
        return merged;
    }
    let delivery = newer(&here.delivery, &change.delivery);
    let progress =
        change.progress.as_ref().map_or(&here.progress, |there| newer(&here.progress, there));
    let shared = Shared { delivery: delivery.clone(), progress: progress.clone() };
    let touched = Touched::new(
        shared.delivery.revision != here.delivery.revision,
        shared.progress.revision != here.progress.revision,
    );
    Merged { shared, touched, conflicts: vec![], set_back: false, is_own_change: false }
}

fn newer<'a, V>(here: &'a Facet<V>, there: &'a Facet<V>) -> &'a Facet<V> {
    match there.revision.relation_to(here.revision) {
        Relation::Newer => there,
        Relation::Older | Relation::Same | Relation::Concurrent => here,
    }
}
