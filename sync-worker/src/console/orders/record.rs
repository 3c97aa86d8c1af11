//! An order as the two sides show it, and how the two compare. Pure.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared_models::order::Status;
use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

/// An order as one side shows it; the fields that only one side has are optional.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Order {
    pub(super) id: Uuid,
    pub(super) company: String,
    pub(super) address: String,
    pub(super) deliver_by: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) status: Status,
    pub(super) carrier: Option<String>,
    pub(super) tracking: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) total: Option<i64>,
    pub(super) bin: Option<String>,
    pub(super) picker_note: Option<String>,
    pub(super) version: i64,
    pub(super) revisions: Revisions,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// A line of an order; only the store knows its price.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Line {
    pub(super) sku: String,
    pub(super) quantity: u32,
    pub(super) unit_price: Option<i64>,
}

/// The revisions of the two facets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Revisions {
    pub(super) delivery: Revision,
    pub(super) progress: Revision,
}

/// One order at both sides, as far as they have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pair {
    pub(super) store: Option<Order>,
    pub(super) warehouse: Option<Order>,
}

/// How an order stands at the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Both have the same.
    Equal,
    /// Only this side has it.
    OnlyAt(Side),
    /// Something is on its way: to the store, to the warehouse.
    OnTheWay { to_store: bool, to_warehouse: bool },
    /// The revisions are the same, and the contents are not.
    Different,
    /// Neither side has it, or one was not asked.
    Unknown,
}

impl Pair {
    /// Returns the order at a side.
    pub(super) const fn at(&self, side: Side) -> Option<&Order> {
        match side {
            Side::Store => self.store.as_ref(),
            Side::Warehouse => self.warehouse.as_ref(),
        }
    }

    /// Returns the order at the store, or else at the warehouse.
    pub(super) fn either(&self) -> Option<&Order> {
        self.store.as_ref().or(self.warehouse.as_ref())
    }

    /// Returns how the order stands.
    pub(super) fn standing(&self) -> Standing {
        let (store, warehouse) = match (&self.store, &self.warehouse) {
            (Some(store), Some(warehouse)) => (store, warehouse),
            (Some(_), None) => return Standing::OnlyAt(Side::Store),
            (None, Some(_)) => return Standing::OnlyAt(Side::Warehouse),
            (None, None) => return Standing::Unknown,
        };
        let (here, there) = (store.revisions, warehouse.revisions);
        let facets = [(here.delivery, there.delivery), (here.progress, there.progress)];
        let lacks = |side: Side| {
            facets.iter().any(|(store, warehouse)| match side {
                Side::Store => store.of(Side::Warehouse) < warehouse.of(Side::Warehouse),
                Side::Warehouse => warehouse.of(Side::Store) < store.of(Side::Store),
            })
        };
        match (lacks(Side::Store), lacks(Side::Warehouse)) {
            (false, false) if !facets.iter().all(|(store, warehouse)| store == warehouse) => {
                // One side has a count of its own lower than the peer has seen: it was set back.
                let to_store = facets.iter().any(|(s, w)| s.store < w.store);
                Standing::OnTheWay { to_store, to_warehouse: !to_store }
            }
            (false, false) if differing(store, warehouse).is_empty() => Standing::Equal,
            (false, false) => Standing::Different,
            (to_store, to_warehouse) => Standing::OnTheWay { to_store, to_warehouse },
        }
    }
}

/// Returns the names of the shared fields that are not the same.
pub(super) fn differing(store: &Order, warehouse: &Order) -> Vec<&'static str> {
    let lines = |order: &Order| {
        let mut lines =
            order.lines.iter().map(|it| (it.sku.clone(), it.quantity)).collect::<Vec<_>>();
        lines.sort_unstable();
        lines
    };
    let pairs = [
        ("company", store.company == warehouse.company),
        ("address", store.address == warehouse.address),
        ("deliver_by", store.deliver_by == warehouse.deliver_by),
        ("comment", store.comment == warehouse.comment),
        ("lines", lines(store) == lines(warehouse)),
        ("status", store.status == warehouse.status),
        ("carrier", store.carrier == warehouse.carrier),
        ("tracking", store.tracking == warehouse.tracking),
    ];
    pairs.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(delivery: (u32, u32), progress: (u32, u32)) -> Order {
        let revision = |(store, warehouse)| Revision { store, warehouse };
        let delivery = revision(delivery);
        Order {
            id: Uuid::nil(),
            company: "Acme".to_owned(),
            address: "1 Main Street".to_owned(),
            deliver_by: None,
            comment: None,
            lines: vec![Line { sku: "LAMP".to_owned(), quantity: 1, unit_price: None }],
            status: Status::Placed,
            carrier: None,
            tracking: None,
            currency: None,
            total: None,
            bin: None,
            picker_note: None,
            version: 1,
            revisions: Revisions { delivery, progress: revision(progress) },
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn standing(store: Option<Order>, warehouse: Option<Order>) -> Standing {
        Pair { store, warehouse }.standing()
    }

    #[test]
    fn an_order_stands_as_its_revisions_say() {
        let way = |to_store, to_warehouse| Standing::OnTheWay { to_store, to_warehouse };
        let cases = [
            ((1, 0), (0, 0), (1, 0), (0, 0), Standing::Equal),
            ((2, 0), (0, 0), (1, 0), (0, 0), way(false, true)),
            ((1, 0), (0, 0), (1, 0), (0, 1), way(true, false)),
            ((2, 0), (0, 0), (1, 1), (0, 0), way(true, true)),
            ((2, 0), (0, 0), (1, 0), (0, 3), way(true, true)),
            // The store was set back to a backup.
            ((1, 0), (0, 0), (2, 0), (0, 0), way(true, false)),
        ];
        for (delivery, progress, at_peer, progress_at_peer, expected) in cases {
            let pair = (order(delivery, progress), order(at_peer, progress_at_peer));
            assert_eq!(standing(Some(pair.0), Some(pair.1)), expected);
        }
    }

    #[test]
    fn equal_revisions_with_other_contents_are_a_difference() {
        let (one, mut other) = (order((1, 0), (0, 0)), order((1, 0), (0, 0)));
        other.lines[0].quantity = 2;
        other.bin = Some("B7".to_owned());
        assert_eq!(differing(&one, &other), ["lines"]);
        assert_eq!(standing(Some(one.clone()), Some(other)), Standing::Different);
        assert_eq!(standing(Some(one.clone()), None), Standing::OnlyAt(Side::Store));
        assert_eq!(standing(None, Some(one)), Standing::OnlyAt(Side::Warehouse));
    }
}
