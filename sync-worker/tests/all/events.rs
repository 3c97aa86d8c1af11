//! Events as a side publishes them.

use serde_json::{Value, json};
use uuid::Uuid;

/// A new id.
pub(crate) fn id() -> Uuid {
    Uuid::from_u128(fastrand::u128(..))
}

/// An event of the store: the address of an order was edited, for the `edit`th time.
pub(crate) fn edited(order: Uuid, edit: u32) -> Value {
    event("store", order, &["delivery"], edit, "placed")
}

/// An event of the warehouse: it has packed an order.
pub(crate) fn packed(order: Uuid) -> Value {
    event("warehouse", order, &["progress"], 1, "packed")
}

/// An event of an order whose delivery the store has changed this often.
pub(crate) fn event(
    origin: &str,
    order: Uuid,
    touched: &[&str],
    edits: u32,
    status: &str,
) -> Value {
    let moves = u32::from(status != "placed");
    json!({
        "schema": 1,
        "id": id(),
        "kind": "order.updated",
        "origin": origin,
        "order_id": order,
        "version": edits,
        "at": "2026-11-20T10:00:00Z",
        "touched": touched,
        "delivery": {
            "revision": {"store": edits, "warehouse": 0},
            "company": "Acme", "address": format!("{edits} Main Street"),
            "deliver_by": "2026-12-24", "comment": null,
            "lines": [{"sku": "A-1", "quantity": 3}],
        },
        "progress": {
            "revision": {"store": 0, "warehouse": moves},
            "status": status, "carrier": null, "tracking": null,
        },
    })
}
