//! The warehouse's private part of an order: the bin, and the pickers' note.

use chrono::NaiveDate;
use garde::Validate;
use orders::{Domain, Draft, Order, Shown};
use program_kit::http::object::objects;
use program_kit::http::problem::FieldError;
use serde::{Deserialize, Serialize};
use shared_models::order::{Delivery, Line, Progress, Status, expectation, filled};
use shared_models::side::Side;

/// The most characters in the name of a bin.
const BIN: usize = 50;
/// The most characters in a picker's note.
const PICKER_NOTE: usize = 2_000;

/// The warehouse's side of Lockstep.
#[derive(Debug)]
pub enum Warehouse {}

/// The warehouse's private part of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settable {
    company: String,
    address: String,
    deliver_by: Option<NaiveDate>,
    comment: Option<String>,
    #[serde(deserialize_with = "objects")]
    lines: Vec<Line>,
    status: Option<Status>,
    carrier: Option<String>,
    tracking: Option<String>,
    bin: Option<String>,
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
}
