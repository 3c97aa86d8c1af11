//! The report of an audit: how far it has come, and what it found. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared_models::comparison::OrderState;
use shared_models::runs::Cursors;
use uuid::Uuid;

use super::rules::{Kind, Pair};

/// The most differences that a report names. How many there were stands in its figures.
pub(super) const MAX_NAMED: usize = 100;

/// The name of the cursor with the progress of the audit under way.
const PROGRESS: &str = "audit";
/// The name of the cursor with the number of the newest audit.
const NUMBER: &str = "number";
/// The name of the cursor with the number of orders of the newest receipt.
const ORDERS: &str = "orders";

/// The bytes of a digest of a side.
const BYTES: usize = 32;

/// A digest of the orders of a side: the exclusive or of the SHA-256 of each order's state, so that
/// orders may be added as they are settled. It shows accidents, and is no protection against forgery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct SideDigest([u8; BYTES]);

impl SideDigest {
    fn add(&mut self, hash: &[u8]) {
        for (byte, other) in self.0.iter_mut().zip(hash) {
            *byte ^= other;
        }
    }
}

impl From<SideDigest> for String {
    fn from(SideDigest(bytes): SideDigest) -> Self {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for SideDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const MALFORMED: &str = "expected a digest of 64 hexadecimal digits";
        let mut bytes = [0; BYTES];
        if text.len() != 2 * BYTES || !text.is_ascii() {
            return Err(MALFORMED);
        }
        for (byte, at) in bytes.iter_mut().zip((0..text.len()).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| MALFORMED)?;
        }
        Ok(Self(bytes))
    }
}

/// The digests of both sides. They are equal if the sides agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digests {
    /// The digest of the store.
    pub store: SideDigest,
    /// The digest of the warehouse.
    pub warehouse: SideDigest,
}

/// What came of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DifferenceOutcome")]
pub enum Ending {
    /// Both sides agree on the order now.
    Healed,
    /// The order still differs.
    Left,
}

/// A difference that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The id of the order.
    pub order: Uuid,
    /// The kind.
    pub kind: Kind,
    /// What came of it.
    pub outcome: Ending,
}

/// What an audit, or a part of it, found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The orders that were compared.
    pub compared: u64,
    /// The orders that changed all the while: each side had what the other had told, and one of them more.
    pub moving: u64,
    /// The orders that differed, without those of `dropped`.
    pub found: u64,
    /// The orders that differed, and agree since they were offered again.
    pub healed: u64,
    /// The orders that still differ, without those of `dropped`.
    pub left: u64,
    /// The orders among them that are left because a change is parked.
    pub parked: u64,
    /// The orders that differ because a person dropped a change: decided, and so neither found nor left.
    /// Reports of older versions do not have it.
    #[serde(default)]
    pub dropped: u64,
    /// The digests of both sides.
    pub digests: Digests,
    /// The first differences.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// Adds an order on which both sides agree.
    pub fn add_equal(&mut self, pair: &Pair) {
        self.compared += 1;
        // The same for both, also where their digests have different formats.
        if let Some(hash) = pair.store.as_ref().map(hash) {
            self.digests.store.add(&hash);
            self.digests.warehouse.add(&hash);
        }
    }

    /// Adds an order that changed all the while: its id stands for its state.
    pub fn add_moving(&mut self, id: Uuid) {
        self.compared += 1;
        self.moving += 1;
        let hash = Sha256::digest(id.as_bytes());
        self.digests.store.add(&hash);
        self.digests.warehouse.add(&hash);
    }

    /// Adds an order that differed, and was healed.
    pub fn add_healed(&mut self, order: Uuid, kind: Kind) {
        self.found += 1;
        self.healed += 1;
        self.add_difference(order, kind, Ending::Healed);
    }

    /// Adds an order that still differs, by the kind of its difference now.
    pub fn add_left(&mut self, pair: &Pair, kind: Kind) {
        self.compared += 1;
        match kind {
            Kind::Dropped => self.dropped += 1,
            Kind::MissingAtStore
            | Kind::MissingAtWarehouse
            | Kind::StoreBehind
            | Kind::WarehouseBehind
            | Kind::BothBehind
            | Kind::Different
            | Kind::Parked => {
                self.found += 1;
                self.left += 1;
                self.parked += u64::from(kind == Kind::Parked);
            }
        }
        let Digests { store, warehouse } = &mut self.digests;
        for (digest, state) in [(store, &pair.store), (warehouse, &pair.warehouse)] {
            if let Some(state) = state {
                digest.add(&hash(state));
            }
        }
        self.add_difference(pair.id, kind, Ending::Left);
    }

    fn add_difference(&mut self, order: Uuid, kind: Kind, outcome: Ending) {
        if self.differences.len() < MAX_NAMED {
            self.differences.push(Difference { order, kind, outcome });
        }
    }

    /// Adds what another part found.
    pub fn add(&mut self, other: Self) {
        let Self { compared, moving, found, healed, left, parked, dropped, digests, differences } =
            other;
        self.compared += compared;
        self.moving += moving;
        self.found += found;
        self.healed += healed;
        self.left += left;
        self.parked += parked;
        self.dropped += dropped;
        self.digests.store.add(&digests.store.0);
        self.digests.warehouse.add(&digests.warehouse.0);
        let room = MAX_NAMED.saturating_sub(self.differences.len());
        self.differences.extend(differences.into_iter().take(room));
    }
}

/// Returns the hash of an order's state: its id, and of each facet the revision and the digest.
fn hash(state: &OrderState) -> [u8; BYTES] {
    let mut hash = Sha256::new();
    hash.update(state.id.as_bytes());
    for facet in [&state.delivery, &state.progress] {
        hash.update(facet.revision.store.to_be_bytes());
        hash.update(facet.revision.warehouse.to_be_bytes());
        hash.update(facet.digest.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// The report of an audit. Once the audit has come to its end, it is the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The number of the audit.
    pub number: u64,
    /// The time at which it began.
    pub from: DateTime<Utc>,
    /// The time at which it came to its end.
    pub to: Option<DateTime<Utc>>,
    /// The orders that the newest receipt before had compared, for a guess how many there are.
    pub expected: Option<u64>,
    /// What it found.
    #[serde(flatten)]
    pub findings: Findings,
}

/// How far an audit has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The last order of the part that is settled.
    pub(super) after: Option<Uuid>,
    /// The report of that part.
    pub(super) report: Report,
}

impl Progress {
    /// Returns the progress with which a run begins. It continues an audit that did not come to its
    /// end, unless that is old or a person asked for a new one.
    #[must_use]
    pub(super) fn begin(cursors: &Cursors, requested: bool, now: DateTime<Utc>) -> Self {
        let number = next_number(cursors);
        let under_way = cursors.get(PROGRESS).filter(|_| !requested);
        let under_way = under_way.and_then(|text| serde_json::from_str::<Self>(text).ok());
        under_way.filter(|it| now - it.report.from < TimeDelta::days(1)).unwrap_or_else(|| {
            let expected = number_of(cursors, ORDERS);
            let findings = Findings::default();
            Self { after: None, report: Report { number, from: now, to: None, expected, findings } }
        })
    }

    /// Returns the cursors that keep it.
    #[must_use]
    pub(super) fn cursors(&self) -> Cursors {
        // The report is made of numbers and texts, which JSON always takes.
        let text = serde_json::to_string(self).unwrap_or_default();
        let orders = self.report.expected.map(|orders| (ORDERS.to_owned(), orders.to_string()));
        let number = (NUMBER.to_owned(), self.report.number.to_string());
        [number, (PROGRESS.to_owned(), text)].into_iter().chain(orders).collect()
    }
}

impl Report {
    /// Returns the cursors after the end of the audit.
    #[must_use]
    pub(super) fn cursors_at_end(&self) -> Cursors {
        let number = (NUMBER.to_owned(), self.number.to_string());
        Cursors::from([number, (ORDERS.to_owned(), self.findings.compared.to_string())])
    }
}

/// Returns the number of the audit that a person begins with these cursors.
#[must_use]
pub(super) fn next_number(cursors: &Cursors) -> u64 {
    number_of(cursors, NUMBER).unwrap_or(0) + 1
}

fn number_of(cursors: &Cursors, name: &str) -> Option<u64> {
    cursors.get(name)?.parse().ok()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
