//! What the API document says of the store's own paths of orders.

use orders::routes::describe::{REFUSED, of_one, with_order};
use orders::{EXAMPLE_ID, Examples};
use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use serde_json::{Value, json};

use crate::create::{Batch, BatchResult};
use crate::domain::Store;
use crate::placing::Placing;

/// The examples of the store's orders.
pub(crate) fn examples() -> Examples {
    let mut shown = placed();
    let about = json!({"id": EXAMPLE_ID, "total": 5180, "status": "placed", "carrier": null,
        "tracking": null, "version": 1, "created_at": "2026-11-28T09:30:00.120934Z",
        "updated_at": "2026-11-28T09:30:00.120934Z",
        "revisions": {"delivery": {"store": 1, "warehouse": 0},
            "progress": {"store": 0, "warehouse": 0}}});
    if let (Value::Object(shown), Value::Object(about)) = (&mut shown, about) {
        shown.extend(about);
    }
    Examples { shown, settable: fields(), patch: json!({"comment": "Ring twice"}) }
}

fn fields() -> Value {
    json!({"company": "Acme Ltd", "address": "1 Main Street, Ghent", "deliver_by": "2026-12-24",
        "comment": null, "currency": "EUR", "lines": [
            {"sku": "BOLT-M8", "quantity": 200, "unit_price": 20},
            {"sku": "NUT-M8", "quantity": 59, "unit_price": 20}]})
}

fn placed() -> Value {
    let mut order = fields();
    order["id"] = json!(EXAMPLE_ID);
    order
}

const TAKEN: &str = "The id belongs to an order with other contents.";

/// `POST /v1/orders`
pub(crate) fn place() -> Operation {
    let operation = Operation::new("placeOrder", "Place an order")
        .saying(
            "With an `id` the request may be repeated: the same order is placed once, and answered 200 \
             from then on. `status` is left out: a new order starts as placed.",
        )
        .body::<Placing>(placed())
        .problem(Kind::Conflict, TAKEN)
        .of_database();
    let operation = with_order::<Store>(operation, 201, "The order was placed.").with_location();
    with_order::<Store>(operation, 200, "The order had been placed before.").with_location()
}

/// `POST /v1/orders/batch`
pub(crate) fn batch() -> Operation {
    let id = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a11";
    let mut order = fields();
    order["id"] = json!(id);
    let result = json!({"results": [{"id": id, "result": "created", "version": 1}]});
    Operation::new("placeOrders", "Place up to a thousand orders")
        .saying("All of them are placed, or none.")
        .body::<Batch<Placing>>(json!({"orders": [order]}))
        .answer::<BatchResult>(201, "All are placed now.", result)
        .problem(Kind::Conflict, TAKEN)
        .of_database()
}

/// `DELETE /v1/orders/{id}`
pub(crate) fn void() -> Operation {
    let operation = of_one("voidOrder", "Void an order")
        .saying("The order stays, as voided. Repeated, it changes nothing.")
        .problem(Kind::Conflict, REFUSED)
        .if_unchanged();
    with_order::<Store>(operation, 200, "The order.")
}
