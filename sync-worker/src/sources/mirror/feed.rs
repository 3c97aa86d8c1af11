//! The changes of the store that wait to be sent: read from its feed, and folded.

use std::collections::{BTreeMap, BTreeSet};

use shared_models::mirror::{Folded, fold};

use super::store::{START, Store};
use crate::side_client::jobs::RunError;

/// The most records whose changes are folded at once.
const MAX_FOLDED: usize = 20_000;

/// The changes of records that come to something, and the cursor after them.
pub(super) struct Window {
    pub(super) ids: BTreeSet<i64>,
    /// The changes made here that came to these.
    pub(super) changes: u64,
    pub(super) next: String,
    pub(super) more: bool,
}

/// Reads the changes after a cursor, and folds them.
pub(super) async fn read(store: &Store<'_>, cursor: &str) -> Result<Window, RunError> {
    let (mut folded, mut next) = (BTreeMap::<i64, Folded>::new(), cursor.to_owned());
    let mut changes = 0;
    loop {
        let Some(page) = store.changes(&next).await? else {
            // What came after the cursor is not kept any more, but the newest change of each record is.
            START.clone_into(&mut next);
            continue;
        };
        for (id, happened) in page.happened() {
            changes += u64::from(happened.is_made_here());
            match fold(folded.get(&id).copied(), happened) {
                Some(now) => folded.insert(id, now),
                None => folded.remove(&id),
            };
        }
        let more = page.more;
        next = page.next;
        if !more || folded.len() >= MAX_FOLDED {
            let ids = folded.into_keys().collect();
            return Ok(Window { ids, changes, next, more });
        }
    }
}
