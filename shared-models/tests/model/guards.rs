//! `merge` with one guard switched off, for the checks that must fail.

use shared_models::merge::{Merged, merge};
use shared_models::order::{Shared, Touched};
use shared_models::revision::{Relation, Revision};
use shared_models::site::Site;
use shared_models::sync::OrderChange;

/// Whatever arrives replaces what is here, older or not.
pub(crate) fn merge_without_fence(here: &Shared, change: &OrderChange) -> Merged {
    let shared = Shared {
        delivery: change.delivery.clone(),
        progress: change.progress.clone().unwrap_or_else(|| here.progress.clone()),
    };
    let touched = Touched::new(shared.delivery != here.delivery, shared.progress != here.progress);
    Merged { shared, touched, conflicts: vec![], put_back: false }
}

/// The real merge, but of two values of progress that are of one rank, the one with the larger
/// store count stands.
pub(crate) fn merge_store_first(site: Site, here: &Shared, change: &OrderChange) -> Merged {
    let mut merged = merge(site, here, change);
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
