//! Fingerprints of the last change that each site made to a facet.
//!
//! A site that was restored to an earlier state counts on from there, so one of its counts can
//! stand for two changes. Two facets with the same count of a site and different marks come from
//! two such changes: neither includes the other, whatever their revisions say.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::revision::Revision;
use crate::site::Site;

/// The fingerprints of a facet's value right after the last change of each site.
///
/// Zero means unknown: the facet is older than marks, or a conflict between the two changes of that
/// count was resolved. An unknown mark tells nothing apart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Marks {
    /// The mark of the store's last change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub store: u32,
    /// The mark of the warehouse's last change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warehouse: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(mark: &u32) -> bool {
    *mark == 0
}

impl Marks {
    /// No marks are known.
    pub const UNKNOWN: Self = Self { store: 0, warehouse: 0 };

    /// Returns whether no mark is known.
    #[must_use]
    pub const fn are_unknown(&self) -> bool {
        self.store == 0 && self.warehouse == 0
    }

    /// Returns the mark of a site's last change.
    #[must_use]
    pub const fn of(self, site: Site) -> u32 {
        match site {
            Site::Store => self.store,
            Site::Warehouse => self.warehouse,
        }
    }

    /// Returns the marks after a change at `site` to this value.
    #[must_use]
    pub fn after<V: Serialize>(self, site: Site, value: &V) -> Self {
        self.with(site, fingerprint(value))
    }

    /// Returns whether one count of a site stands for two changes in facets of these revisions.
    pub(crate) fn tell_apart(self, revision: Revision, that: Self, other: Revision) -> bool {
        Site::ALL.into_iter().any(|site| {
            let (this, that) = (self.of(site), that.of(site));
            revision.of(site) == other.of(site) && this != 0 && that != 0 && this != that
        })
    }

    /// Returns the marks of the union of two revisions: if the counts are equal and the marks
    /// differ, both changes are included from now on, and no mark tells them apart any more.
    pub(crate) fn union(self, revision: Revision, that: Self, other: Revision) -> Self {
        Site::ALL.into_iter().fold(Self::UNKNOWN, |marks, site| {
            let (this, that) = (self.of(site), that.of(site));
            let mark = match revision.of(site).cmp(&other.of(site)) {
                std::cmp::Ordering::Greater => this,
                std::cmp::Ordering::Less => that,
                std::cmp::Ordering::Equal if this == that => this,
                std::cmp::Ordering::Equal => 0,
            };
            marks.with(site, mark)
        })
    }

    const fn with(self, site: Site, mark: u32) -> Self {
        match site {
            Site::Store => Self { store: mark, ..self },
            Site::Warehouse => Self { warehouse: mark, ..self },
        }
    }
}

/// Returns the FNV-1a hash of a value's JSON, without building the text. Never zero. It is computed
/// once for each change, at the site that makes it, and only compared afterwards.
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
