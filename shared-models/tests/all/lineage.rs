//! The descent of edits: every edit marks its value with a number of its own, in a field that the
//! programs do not know, so its fate can be told at the end.

use serde_json::{Value, json};
use shared_models::merge::{Cause, Conflict};
use shared_models::order::{Shared, Unknown};

const MARK: &str = "edit";

/// The edits that were made, each with the edit that its author saw and replaced.
#[derive(Default)]
pub(crate) struct Lineage {
    parents: Vec<(u64, Option<u64>)>,
    next: u64,
}

impl Lineage {
    /// Marks a value as made by the edit that is about to be tried. The two facets of one edit get
    /// two numbers.
    pub(crate) fn mark(&mut self, unknown: &mut Unknown) {
        self.next += 1;
        unknown.insert(MARK.to_owned(), json!(self.next));
    }

    /// Records that the marked values came to stand.
    pub(crate) fn replaced(&mut self, before: &Shared, after: &Shared) {
        for (before, after) in marks(before).into_iter().zip(marks(after)) {
            if let Some(edit) = after.filter(|edit| Some(*edit) != before) {
                self.parents.push((edit, before));
            }
        }
    }

    /// Returns the edit, the one that it replaced, the one that that one replaced, and so on.
    pub(crate) fn ancestry(&self, edit: u64) -> Vec<u64> {
        let parent = |edit: &u64| self.parents.iter().find(|(child, _)| child == edit)?.1;
        std::iter::successors(Some(edit), parent).collect()
    }

    pub(crate) fn edits(&self) -> impl Iterator<Item = u64> {
        self.parents.iter().map(|(edit, _)| *edit)
    }
}

/// Returns the edits that made the values of the two facets.
pub(crate) fn marks(shared: &Shared) -> [Option<u64>; 2] {
    [mark(&shared.delivery.value.unknown), mark(&shared.progress.value.unknown)]
}

fn mark(unknown: &Unknown) -> Option<u64> {
    unknown.get(MARK).and_then(Value::as_u64)
}

/// Returns the edit whose value lost to a concurrent one.
pub(crate) fn lost_edit(conflict: &Conflict) -> Option<u64> {
    let (cause, lost) = match conflict {
        Conflict::Delivery(decided) => (decided.cause, &decided.lost.value.unknown),
        Conflict::Progress(decided) => (decided.cause, &decided.lost.value.unknown),
    };
    match cause {
        Cause::Concurrent | Cause::Diverged | Cause::Restored => mark(lost),
        Cause::Late => None,
    }
}
