//! Fingerprints of the last changes that each side made to a facet.
//!
//! A side that was set back to an earlier state counts on from there, so one of its counts can
//! stand for two changes. Two facets with different marks of one count of a side come from two such
//! changes: neither includes the other, whatever their revisions say.

use std::cmp::Ordering;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::revision::Revision;
use crate::side::Side;

/// The number of changes of a side whose marks a facet carries. Of more changes after a set-back that
/// arrive as one, the first cannot be distinguished from the one whose count it took.
pub const LAST: usize = 8;

/// The fingerprints of a facet's values right after the last changes of each side.
///
/// Zero means unknown: the facet is older than marks, or a conflict between the two changes of that
/// count was resolved. An unknown mark distinguishes nothing.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(from = "Form", into = "Form")]
pub struct Marks {
    store: Last,
    warehouse: Last,
}

/// The marks of one side's last changes, the newest first.
type Last = [u32; LAST];

/// The JSON of marks. The last ones stand apart, because earlier versions had no others.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Form {
    #[serde(default, skip_serializing_if = "is_zero")]
    store: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    warehouse: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    store_before: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warehouse_before: Vec<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(mark: &u32) -> bool {
    *mark == 0
}

impl From<Form> for Marks {
    fn from(form: Form) -> Self {
        let last = |newest: u32, before: Vec<u32>| {
            let mut last = [0; LAST];
            last.iter_mut().zip([newest].into_iter().chain(before)).for_each(|(to, it)| *to = it);
            last
        };
        Self {
            store: last(form.store, form.store_before),
            warehouse: last(form.warehouse, form.warehouse_before),
        }
    }
}

impl From<Marks> for Form {
    fn from(Marks { store, warehouse }: Marks) -> Self {
        let before = |[_, before @ ..]: Last| {
            let known = before.iter().rposition(|mark| *mark != 0).map_or(0, |last| last + 1);
            before.into_iter().take(known).collect()
        };
        Self {
            store: store[0],
            warehouse: warehouse[0],
            store_before: before(store),
            warehouse_before: before(warehouse),
        }
    }
}

impl Marks {
    /// The marks of a facet of which no mark is known.
    pub const UNKNOWN: Self = Self { store: [0; LAST], warehouse: [0; LAST] };

    /// Returns whether no mark is known.
    #[must_use]
    pub fn are_unknown(&self) -> bool {
        *self == Self::UNKNOWN
    }

    /// Returns the mark of a side's last change.
    #[must_use]
    pub const fn of(self, side: Side) -> u32 {
        self.last(side)[0]
    }

    /// Returns the marks after a change at `side` to this value.
    #[must_use]
    pub fn after<V: Serialize>(self, side: Side, value: &V) -> Self {
        let mut last = self.last(side);
        last.rotate_right(1);
        last[0] = fingerprint(value);
        self.with(side, last)
    }

    /// Returns whether one count of a side stands for two changes in facets of these revisions.
    pub(crate) fn distinguish(self, revision: Revision, that: Self, other: Revision) -> bool {
        Side::ALL.into_iter().any(|side| {
            let (count, other) = (revision.of(side), other.of(side));
            // The last change that both count: where that is one, so are those before it.
            let common = count.min(other);
            let (this, that) =
                (at(&self.last(side), count, common), at(&that.last(side), other, common));
            this != 0 && that != 0 && this != that
        })
    }

    /// Returns the marks of the union of two revisions: where the marks of a count differ, both
    /// changes are included from now on, and no mark distinguishes them any more.
    pub(crate) fn union(self, revision: Revision, that: Self, other: Revision) -> Self {
        Side::ALL.into_iter().fold(Self::UNKNOWN, |marks, side| {
            let (this, that) = (self.last(side), that.last(side));
            let (count, other) = (revision.of(side), other.of(side));
            let last = match count.cmp(&other) {
                Ordering::Less => united(that, other, this, count),
                Ordering::Equal | Ordering::Greater => united(this, count, that, other),
            };
            marks.with(side, last)
        })
    }

    const fn last(self, side: Side) -> Last {
        match side {
            Side::Store => self.store,
            Side::Warehouse => self.warehouse,
        }
    }

    const fn with(self, side: Side, last: Last) -> Self {
        match side {
            Side::Store => Self { store: last, ..self },
            Side::Warehouse => Self { warehouse: last, ..self },
        }
    }
}

/// Returns the mark of a count, among the last ones of a side that counts up to `newest`.
fn at(last: &Last, newest: u32, count: u32) -> u32 {
    let back = newest.checked_sub(count).and_then(|back| usize::try_from(back).ok());
    back.and_then(|back| last.get(back)).copied().unwrap_or_default()
}

/// Returns the marks of the higher count, those of changes that both count only if they are equal.
fn united(mut higher: Last, newest: u32, lower: Last, other: u32) -> Last {
    for (count, mark) in (0..=newest).rev().zip(&mut higher) {
        if count <= other && at(&lower, other, count) != *mark {
            *mark = 0;
        }
    }
    higher
}

/// Returns the FNV-1a hash of a value's JSON, without building the text. Never zero. It is computed
/// once for each change, at the side that makes it, and only compared afterwards.
fn fingerprint<V: Serialize>(value: &V) -> u32 {
    let mut hash = Fnv(0x811c_9dc5);
    match serde_json::to_writer(&mut hash, value) {
        Ok(()) => hash.0.max(1),
        // All our values can be serialized; the mark of one that could not would be unknown.
        Err(_) => 0,
    }
}

struct Fnv(u32);

impl Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
