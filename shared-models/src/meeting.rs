//! Merging one facet with an incoming one.
//!
//! Revisions decide, as long as each count of a side stands for one change. A side that was set
//! back to an earlier state breaks that; if two facets show it, neither is assumed to include
//! the other.

use std::cmp::Ordering;

use serde::Serialize;

use crate::canonical::{canonical, is_same};
use crate::merge::{Cause, Choice};
use crate::order::{Delivery, Facet, Progress, Unknown};
use crate::revision::{Relation, Revision};
use crate::side::Side;

/// What decides between two values of a facet that were set without knowledge of each other.
pub(crate) trait Precedence: Clone + PartialEq + Serialize {
    /// Compares two concurrent facets: the greater one is kept, and the facet's owner breaks a tie.
    /// (A merged revision carries the store's count on the warehouse's older progress, so breaking
    /// a tie of rank store-first would diverge.)
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering;

    /// Returns the rank of a value. No change lowers it.
    fn rank(&self) -> u8;

    /// Returns the fields that this version does not know.
    fn unknown(&self) -> &Unknown;
}

impl Precedence for Delivery {
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering {
        this.revision.store.cmp(&that.revision.store)
    }

    fn rank(&self) -> u8 {
        0
    }

    fn unknown(&self) -> &Unknown {
        &self.unknown
    }
}

impl Precedence for Progress {
    fn precedence(this: &Facet<Self>, that: &Facet<Self>) -> Ordering {
        let by_rank = this.value.status.cmp(&that.value.status);
        by_rank.then(this.revision.warehouse.cmp(&that.revision.warehouse))
    }

    fn rank(&self) -> u8 {
        self.status as u8
    }

    fn unknown(&self) -> &Unknown {
        &self.unknown
    }
}

/// The result of merging a facet with an incoming one.
pub(crate) enum Meeting<V> {
    /// The incoming facet is known here.
    Unchanged,
    /// The incoming facet is kept, and includes the one here.
    Replaced(Facet<V>),
    /// The incoming facet is kept, and may not include the one here, which is lost.
    Overruled(Choice<V>),
    /// Both were changed without knowledge of each other; the union of the revisions is kept.
    Concurrent(Choice<V>),
    /// Both were changed so, but to the same value, so that nothing is lost.
    Joined(Facet<V>),
    /// The facets have one revision, or one count in it, for two changes. This side has resolved the
    /// conflict, and that is a change of its own.
    Resolved(Choice<V>, Facet<V>),
}

/// Merges a facet at `side` with an incoming one.
pub(crate) fn meet<V: Precedence>(side: Side, here: &Facet<V>, incoming: &Facet<V>) -> Meeting<V> {
    let choice = |cause, kept: &Facet<V>, lost: &Facet<V>| Choice {
        cause,
        kept: kept.clone(),
        lost: lost.clone(),
    };
    let relation = incoming.revision.relation_to(here.revision);
    match (relation, is_forked(incoming, here)) {
        (Relation::Older | Relation::Same, false) => Meeting::Unchanged,
        (Relation::Newer, false) if loses_own(side, here, incoming) => {
            Meeting::Overruled(choice(Cause::Restored, incoming, here))
        }
        // A mark that a decision here has made unknown stays so: the peer may not have heard of it.
        (Relation::Newer, false) => Meeting::Replaced(union(incoming, here)),
        (Relation::Concurrent, _) if is_same_value(here, incoming) => {
            Meeting::Joined(union(here, incoming))
        }
        (Relation::Concurrent, _) => match V::precedence(incoming, here) {
            Ordering::Greater => Meeting::Concurrent(choice(Cause::Concurrent, incoming, here)),
            Ordering::Less | Ordering::Equal => {
                Meeting::Concurrent(choice(Cause::Concurrent, here, incoming))
            }
        },
        (Relation::Older | Relation::Same | Relation::Newer, true) => {
            match (relation, compare_forked(incoming, here)) {
                // The peer has the incoming facet, so it is kept at both sides. Only the marks are
                // united: what is lost must not be distinguished again, if it arrives once more.
                (Relation::Newer, Ordering::Greater) => {
                    Meeting::Overruled(choice(Cause::Diverged, &union(incoming, here), here))
                }
                (_, Ordering::Greater) => resolve(side, choice(Cause::Diverged, incoming, here)),
                (_, Ordering::Less | Ordering::Equal) => {
                    resolve(side, choice(Cause::Diverged, here, incoming))
                }
            }
        }
    }
}

impl<V: Precedence> Meeting<V> {
    /// Returns whether the facet changes.
    pub(crate) const fn changes(&self) -> bool {
        !matches!(self, Self::Unchanged)
    }

    /// Returns whether this side has resolved a conflict, which counts as an edit.
    pub(crate) const fn is_own_change(&self) -> bool {
        matches!(self, Self::Resolved(..))
    }

    /// Returns the conflict that was resolved, if there was one.
    pub(crate) fn choice(&self) -> Option<Choice<V>> {
        match self {
            Self::Unchanged | Self::Replaced(_) | Self::Joined(_) => None,
            Self::Overruled(choice) | Self::Concurrent(choice) | Self::Resolved(choice, _) => {
                Some(choice.clone())
            }
        }
    }

    /// Returns the resulting facet.
    pub(crate) fn result(self, here: &Facet<V>) -> Facet<V> {
        match self {
            Self::Unchanged => here.clone(),
            Self::Replaced(facet) | Self::Joined(facet) | Self::Resolved(_, facet) => facet,
            Self::Overruled(Choice { kept, .. }) => kept,
            Self::Concurrent(Choice { kept, lost, .. }) => union(&kept, &lost),
        }
    }
}

/// Returns whether `this` includes everything of `that`, so that it can replace both.
pub(crate) fn holds<V: Precedence>(this: &Facet<V>, that: &Facet<V>) -> bool {
    this.revision.covers(that.revision) && !is_forked(this, that)
}

/// Returns whether one count of a revision stands for two different changes, as after a restore: the
/// revisions are the same, or one includes the other, but values or marks show that it cannot be so.
fn is_forked<V: Precedence>(this: &Facet<V>, that: &Facet<V>) -> bool {
    let relation = this.revision.relation_to(that.revision);
    let is_apart = match relation {
        Relation::Concurrent => return false,
        Relation::Same => true,
        Relation::Newer => this.value.rank() < that.value.rank(),
        Relation::Older => this.value.rank() > that.value.rank(),
    };
    let marks_differ = || this.marks.distinguish(this.revision, that.marks, that.revision);
    (is_apart || marks_differ()) && !is_same_value(this, that)
}

/// Compares two forked facets: the higher rank is greater; of one rank the newer, and of one
/// revision the greater text. The result does not depend on the side, or on which of the two is
/// here.
fn compare_forked<V: Precedence>(this: &Facet<V>, that: &Facet<V>) -> Ordering {
    let by_revision = || match this.revision.relation_to(that.revision) {
        Relation::Newer => Ordering::Greater,
        Relation::Older => Ordering::Less,
        Relation::Same | Relation::Concurrent => Ordering::Equal,
    };
    let by_text = || canonical(&this.value).cmp(&canonical(&that.value));
    this.value.rank().cmp(&that.value.rank()).then_with(by_revision).then_with(by_text)
}

/// Returns whether two values are equal, even if one of them has been stored in a database.
fn is_same_value<V: Precedence>(this: &Facet<V>, that: &Facet<V>) -> bool {
    this.value == that.value
        || (is_same(this.value.unknown(), that.value.unknown())
            && canonical(&this.value) == canonical(&that.value))
}

/// Returns whether a newer facet counts more changes of this side than were made here, so that it
/// may not include the last of them.
fn loses_own<V: Precedence>(side: Side, here: &Facet<V>, incoming: &Facet<V>) -> bool {
    incoming.revision.of(side) > here.revision.of(side)
        && here.revision != Revision::ZERO
        && !is_same_value(here, incoming)
}

fn union<V: Precedence>(kept: &Facet<V>, lost: &Facet<V>) -> Facet<V> {
    Facet {
        revision: kept.revision.union(lost.revision),
        marks: kept.marks.union(kept.revision, lost.marks, lost.revision),
        value: kept.value.clone(),
    }
}

fn resolve<V: Precedence>(side: Side, choice: Choice<V>) -> Meeting<V> {
    let Facet { revision, marks, value } = union(&choice.kept, &choice.lost);
    let (revision, marks) = (revision.next(side), marks.after(side, &value));
    Meeting::Resolved(choice, Facet { revision, marks, value })
}
