//! Events as a site publishes them.

use serde_json::{Value, json};
use uuid::Uuid;

/// A new id.
pub(crate) fn id() -> Uuid {
    Uuid::from_u128(fastrand::u128(..))
}

/// The address of an order was edited at the store, for the `edit`th time.
pub(crate) fn edited(order: Uuid, edit: u32) -> Value {
    event("store", order, &["delivery"], edit, "placed")
}

/// The warehouse has packed an order.
pub(crate) fn packed(order: Uuid) -> Value {
    event("warehouse", order, &["progress"], 1, "packed")
}

/// An event of an order whose delivery the store has changed so often.
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
