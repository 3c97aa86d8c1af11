//! The case that the checker looks at: one order, as the clients and both databases have it.

use std::collections::HashMap;

use process_kit::Both;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::merge::{Cause, Conflict};
use shared_models::order::{Shared, Touched};
use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

use crate::ledger::{Read, Write};

/// One order.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Its id.
    pub id: Uuid,
    /// The writes that clients asked for, in that order.
    pub writes: Vec<Write>,
    /// The reads of clients, with what each was shown.
    pub reads: Vec<Read>,
    /// The evidence of each side.
    pub sides: Both<Evidence>,
}

/// The evidence that one side has of an order.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The order itself.
    pub row: Option<Row>,
    /// Its change log, oldest first.
    pub changes: Vec<Change>,
    /// When it was put back to an earlier state, oldest first.
    pub set_backs: Vec<SetBack>,
    /// What the side's feed gave of it.
    pub followed: Followed,
}

/// The events that a side's feed gave of an order.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// The id of each, and the version of the order, in the order of the feed.
    pub events: Vec<(Uuid, i64)>,
    /// The order as the newest one has it.
    pub newest: Option<(i64, Shared)>,
}

/// An order was put back to an earlier state at one side; its log was not.
#[derive(Clone, Debug, PartialEq)]
pub struct SetBack {
    /// Its place among all that were put back, at either side; one was over when the next began.
    pub turn: usize,
    /// The last change of the order that the side had logged by then.
    pub after: i64,
    /// The order after it.
    pub to: Row,
    /// The order as the peer had it a moment before, where it had it.
    pub known: Option<Row>,
}

/// A step in an order's life at one side.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A change of it.
    Change(&'a Change),
    /// The order was put back to an earlier state.
    SetBack(&'a SetBack),
}

/// A row of `orders`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    /// The order.
    pub id: Uuid,
    /// The part that both sides share.
    #[serde(flatten)]
    pub shared: Shared,
    /// The part that only the side knows.
    pub private: Value,
    /// Its version.
    pub version: i64,
}

/// A row of `changes`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Change {
    /// Its place in the log.
    pub seq: i64,
    /// The transaction by which readers order it.
    pub xid: i64,
    /// The event.
    pub event_id: Uuid,
    /// The order.
    #[serde(rename = "key")]
    pub order_id: Uuid,
    /// Where it was decided.
    pub origin: Side,
    /// The order's version after it.
    pub version: i64,
    /// The event as it is published.
    #[serde(rename = "body", deserialize_with = "within_text")]
    pub event: OrderEvent,
    /// The private part after the change, where it changed.
    pub private: Option<Value>,
    /// The decisions between two values.
    pub conflicts: Option<Vec<Conflict>>,
    /// Set for a part of an offer of many orders, which feeds leave out.
    pub offer_in_bulk: Option<bool>,
    /// Whether the change was ever in the outbox.
    pub published: bool,
}

fn within_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OrderEvent, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(serde::de::Error::custom)
}

impl Case {
    /// Returns whether a side's feed has not given all changes yet.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let is_behind = |it: &Evidence| it.followed.events.len() < it.in_feed().len();
        Side::ALL.into_iter().any(|side| is_behind(self.sides.at(side)))
    }

    /// Returns whether the order was put back to an earlier state at a side.
    #[must_use]
    pub fn is_set_back(&self) -> bool {
        Side::ALL.into_iter().any(|side| !self.sides.at(side).set_backs.is_empty())
    }
}

impl Followed {
    /// Adds the next event of the feed.
    pub fn add(&mut self, version: i64, event: OrderEvent) {
        self.events.push((event.id, version));
        self.newest = Some((version, event.shared));
    }
}

impl Evidence {
    /// The changes of the order here, without those that were merely offered again.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.changes.iter().filter(|change| change.event.kind != EventKind::Offered)
    }

    /// The changes that the side's feed has, in its order.
    #[must_use]
    pub fn in_feed(&self) -> Vec<&Change> {
        let in_feed = |change: &&Change| change.offer_in_bulk.is_none();
        let mut changes = self.changes.iter().filter(in_feed).collect::<Vec<_>>();
        changes.sort_by_key(|change| (change.xid, change.seq));
        changes
    }

    /// The changes of the order here, and when it was put back.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let changes = self.history().map(|change| (change.seq, Step::Change(change)));
        let set_backs = self.set_backs.iter().map(|back| (back.after, Step::SetBack(back)));
        let mut steps = changes.chain(set_backs).collect::<Vec<_>>();
        // Stable, so that what was put back after a change comes after it.
        steps.sort_by_key(|(seq, _)| *seq);
        steps.into_iter().map(|(_, step)| step)
    }

    /// The number of times that the order was put back before a place in the log.
    #[must_use]
    pub fn set_backs_before(&self, seq: i64) -> usize {
        self.set_backs.iter().filter(|back| back.after < seq).count()
    }

    /// The private part before a place in the log, as far as the log says.
    #[must_use]
    pub fn private_before(&self, seq: i64) -> Option<&Value> {
        self.private(|change| change.seq < seq, seq)
    }

    /// Returns the private part after a change: an order may have been put back before the next
    /// one.
    #[must_use]
    pub fn private_after(&self, change: &Change) -> Option<&Value> {
        self.private(|earlier| earlier.seq <= change.seq, change.seq)
    }

    /// Returns the private part after these changes, and after set-backs before a place in the log.
    fn private(&self, counts: impl Fn(&Change) -> bool, before: i64) -> Option<&Value> {
        let private = |step| match step {
            Step::Change(change) if counts(change) => change.private.as_ref(),
            Step::SetBack(back) if back.after < before => Some(&back.to.private),
            Step::Change(_) | Step::SetBack(_) => None,
        };
        self.steps().filter_map(private).last()
    }

    /// The changes that somebody decided here.
    pub fn decided(&self, side: Side) -> impl Iterator<Item = &Change> {
        self.history().filter(move |change| change.origin == side && !change.is_merge())
    }
}

impl Change {
    /// Returns the decisions between two values.
    pub fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().flatten()
    }

    /// Returns whether two values were decided between.
    #[must_use]
    pub fn is_merge(&self) -> bool {
        self.conflicts().next().is_some()
    }

    /// Returns whether one count stood for two changes: the only merge that a side has to tell its
    /// peer of.
    #[must_use]
    pub fn is_of_a_fork(&self) -> bool {
        self.conflicts().any(|conflict| conflict.cause() == Cause::Diverged)
    }

    /// Returns whether the change touched the delivery.
    #[must_use]
    pub const fn touches_delivery(&self) -> bool {
        matches!(self.event.touched, Touched::Delivery | Touched::Both)
    }

    /// Returns whether the change touched the progress.
    #[must_use]
    pub const fn touches_progress(&self) -> bool {
        matches!(self.event.touched, Touched::Progress | Touched::Both)
    }

    /// Returns whether the change is of something that both sides share.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.event.touched != Touched::Nothing
    }
}

/// Puts together what belongs to each order.
pub fn cases<'a>(
    writes: impl Iterator<Item = &'a Write>,
    reads: impl Iterator<Item = &'a Read>,
    set_backs: &[(Side, SetBack)],
    histories: Both<(Vec<Row>, Vec<Change>)>,
    followed: Both<HashMap<Uuid, Followed>>,
) -> Vec<Case> {
    let mut cases = HashMap::<Uuid, Case>::new();
    for write in writes {
        case(&mut cases, write.order).writes.push(write.clone());
    }
    for read in reads {
        case(&mut cases, read.order).reads.push(read.clone());
    }
    let Both { store, warehouse } = histories;
    for (side, (rows, changes)) in [(Side::Store, store), (Side::Warehouse, warehouse)] {
        for row in rows {
            let case = case(&mut cases, row.id);
            case.sides.at_mut(side).row = Some(row);
        }
        for change in changes {
            let case = case(&mut cases, change.order_id);
            case.sides.at_mut(side).changes.push(change);
        }
    }
    for (side, set_back) in set_backs {
        if let Some(case) = cases.get_mut(&set_back.to.id) {
            case.sides.at_mut(*side).set_backs.push(set_back.clone());
        }
    }
    let Both { store, warehouse } = followed;
    for (side, orders) in [(Side::Store, store), (Side::Warehouse, warehouse)] {
        for (id, followed) in orders {
            case(&mut cases, id).sides.at_mut(side).followed = followed;
        }
    }
    cases.into_values().collect()
}

fn case(cases: &mut HashMap<Uuid, Case>, id: Uuid) -> &mut Case {
    cases.entry(id).or_insert_with(|| Case { id, ..Case::default() })
}

/// `1/2`: one change by the store, two by the warehouse.
#[must_use]
pub fn short(revision: Revision) -> String {
    format!("{}/{}", revision.store, revision.warehouse)
}
