//! The warehouse's private part of an order: the bin, and the pickers' note.

use chrono::NaiveDate;
use garde::Validate;
use orders::{Domain, Draft, EXAMPLE_ID, Examples, Order, Shown};
use program_kit::http::object::objects;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared_models::order::{Delivery, Line, Progress, Status, expectation, filled, limits};
use shared_models::side::Side;

/// The most characters in the name of a bin.
const BIN: usize = 50;
/// The most characters in a picker's note.
const PICKER_NOTE: usize = 2_000;

/// The warehouse's side of Lockstep.
#[derive(Debug)]
pub enum Warehouse {}

/// The warehouse's private part of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, JsonSchema)]
pub struct Handling {
    /// The bin in which the order lies.
    #[garde(inner(custom(filled(BIN))))]
    pub bin: Option<String>,
    /// The pickers' note.
    #[garde(inner(custom(filled(PICKER_NOTE))))]
    pub picker_note: Option<String>,
}

/// The fields that a caller may set. A missing field is empty; a missing status is unchanged,
/// because an order always has one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrderFields")]
pub struct Settable {
    /// The company that gets it.
    #[schemars(length(min = 1, max = limits::COMPANY), regex(pattern = r"\S"))]
    company: String,
    /// The destination.
    #[schemars(length(min = 1, max = limits::ADDRESS), regex(pattern = r"\S"))]
    address: String,
    /// The latest date.
    deliver_by: Option<NaiveDate>,
    /// A comment for people.
    #[schemars(length(min = 1, max = limits::COMMENT), regex(pattern = r"\S"))]
    comment: Option<String>,
    /// The lines: those of the order, or some of them, with other quantities.
    #[serde(deserialize_with = "objects")]
    #[schemars(with = "Vec<Line>", length(min = 1, max = limits::LINES))]
    lines: Vec<Line>,
    /// The status, to which the order moves.
    status: Option<Status>,
    /// The name of the carrier.
    #[schemars(length(min = 1, max = limits::CARRIER), regex(pattern = r"\S"))]
    carrier: Option<String>,
    /// The tracking number of the carrier.
    #[schemars(length(min = 1, max = limits::TRACKING), regex(pattern = r"\S"))]
    tracking: Option<String>,
    /// The bin in which the order lies.
    #[schemars(length(min = 1, max = BIN), regex(pattern = r"\S"))]
    bin: Option<String>,
    /// The note of the pickers.
    #[schemars(length(min = 1, max = PICKER_NOTE), regex(pattern = r"\S"))]
    picker_note: Option<String>,
}

impl Domain for Warehouse {
    const SIDE: Side = Side::Warehouse;
    type Private = Handling;
    type Shown<'a> = Shown<'a, &'a Line, &'a Handling>;
    type Settable = Settable;

    fn show(order: &Order<Handling>) -> Self::Shown<'_> {
        let lines = order.shared.delivery.value.lines.iter().collect();
        Shown::new(order, lines, &order.private)
    }

    fn settable(order: &Order<Handling>) -> Settable {
        let Delivery { company, address, deliver_by, comment, lines, unknown: _ } =
            order.shared.delivery.value.clone();
        let Progress { status, carrier, tracking, unknown: _ } =
            order.shared.progress.value.clone();
        let Handling { bin, picker_note } = order.private.clone();
        let status = Some(status);
        Settable {
            company,
            address,
            deliver_by,
            comment,
            lines,
            status,
            carrier,
            tracking,
            bin,
            picker_note,
        }
    }

    fn draft(order: &Order<Handling>, settable: Settable) -> (Draft<Handling>, Vec<FieldError>) {
        let Settable { company, address, deliver_by, comment, lines, .. } = settable;
        let Settable { status, carrier, tracking, bin, picker_note, .. } = settable;
        let before = &order.shared;
        let unknown = before.delivery.value.unknown.clone();
        let delivery = Delivery { company, address, deliver_by, comment, lines, unknown };
        let status = status.unwrap_or(before.progress.value.status);
        let unknown = before.progress.value.unknown.clone();
        let progress = Progress { status, carrier, tracking, unknown };
        let private = Handling { bin, picker_note };
        let errors = FieldError::all_of(private.validate(), Self::expectation);
        (Draft { delivery, progress, private }, errors)
    }

    fn expectation(field: &str) -> Option<&'static str> {
        match field {
            "bin" => Some("null, or text that is not blank, up to 50 characters"),
            "picker_note" => Some("null, or text that is not blank, up to 2,000 characters"),
            shared => expectation(shared),
        }
    }

    fn examples() -> Examples {
        let fields = json!({"company": "Acme Ltd", "address": "1 Main Street, Ghent",
            "deliver_by": "2026-12-24", "comment": null, "lines": [{"sku": "BOLT-M8", "quantity": 200}],
            "status": "packed", "carrier": null, "tracking": null, "bin": "B-12", "picker_note": null});
        let mut shown = fields.clone();
        shown["id"] = EXAMPLE_ID.into();
        shown["version"] = 3.into();
        shown["revisions"] = json!({"delivery": {"store": 1, "warehouse": 0},
            "progress": {"store": 0, "warehouse": 2}});
        shown["created_at"] = "2026-11-28T09:30:00.320934Z".into();
        shown["updated_at"] = "2026-11-28T09:41:10.007251Z".into();
        Examples { shown, settable: fields, patch: json!({"status": "packed", "bin": "B-12"}) }
    }
}
