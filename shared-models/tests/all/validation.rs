//! Changes that a side rejects, because no side can have decided them.

use chrono::NaiveDate;
use shared_models::order::{Delivery, Status, limits};
use shared_models::sync::OrderChange;

use crate::samples::{carried_by, change, delivery, facet, line, progress, rev};

fn placed() -> OrderChange {
    change(facet(1, 0, delivery()), None)
}

fn packed() -> OrderChange {
    let progress = facet(0, 1, carried_by("Swift", Status::Packed));
    change(facet(1, 0, delivery()), Some(progress))
}

/// Returns the reason for which a change is rejected after `alter` has changed its delivery.
fn refused(alter: impl FnOnce(&mut Delivery)) -> String {
    let mut change = packed();
    alter(&mut change.delivery.value);
    change.validated().expect_err("refused")
}

#[test]
fn what_a_side_has_decided_is_believed_as_it_is() {
    for change in [placed(), packed()] {
        assert_eq!(change.clone().validated(), Ok(change));
    }
}

#[test]
fn lines_are_put_in_the_order_of_their_skus() {
    let mut change = packed();
    change.delivery.value.lines.reverse();
    assert_ne!(change, packed());
    assert_eq!(change.validated(), Ok(packed()));
}

#[test]
fn an_order_that_the_store_has_not_made_is_refused() {
    let mut change = placed();
    change.delivery.revision = rev(0, 1);
    let reason = change.validated().expect_err("not born at the store");
    assert!(reason.starts_with("delivery.revision.store: "), "{reason}");
}

#[test]
fn progress_has_revision_zero_exactly_while_the_status_is_the_default() {
    for status in Status::ALL {
        for revision in [rev(0, 0), rev(0, 1), rev(1, 0)] {
            let mut change = packed();
            change.progress = Some(facet(revision.store, revision.warehouse, progress(status)));
            let believed = (status == Status::Placed) == (revision == rev(0, 0));
            assert_eq!(change.validated().is_ok(), believed, "{status}, {revision:?}");
        }
    }
}

#[test]
fn a_reason_names_the_field_and_what_is_wrong_with_it() {
    let long = "x".repeat(201);
    let cases: [(String, &str); 9] = [
        (refused(|d| d.company = " ".into()), "delivery.company: is blank"),
        (
            refused(|d| d.company = long),
            "delivery.company: has 201 characters; at most 200 are allowed",
        ),
        (refused(|d| d.address = "a\0b".into()), "delivery.address: contains the character NUL"),
        (refused(|d| d.comment = Some(String::new())), "delivery.comment: is blank"),
        (refused(|d| d.lines.clear()), "delivery.lines: is empty"),
        (refused(|d| d.lines[1].quantity = 0), "delivery.lines[1].quantity: is 0"),
        (
            refused(|d| d.lines[0].quantity = 1_000_001),
            "delivery.lines[0].quantity: is 1000001; at most 1000000 is allowed",
        ),
        (
            refused(|d| d.lines.push(line("bolt", 1))),
            "delivery.lines: has sku \"bolt\" twice, at 0 and 1",
        ),
        (
            refused(|d| d.deliver_by = NaiveDate::from_ymd_opt(10_000, 1, 1)),
            "delivery.deliver_by: is in the year 10000",
        ),
    ];
    for (reason, expected) in cases {
        assert_eq!(reason, expected);
    }
}

#[test]
fn a_reason_for_refusing_progress_names_the_field_too() {
    let mut change = packed();
    let long = "x".repeat(limits::CARRIER + 1);
    change.progress = Some(facet(0, 1, carried_by(&long, Status::Packed)));
    let reason = change.validated().expect_err("too long");
    assert_eq!(reason, "progress.carrier: has 101 characters; at most 100 are allowed");
}

#[test]
fn what_just_fits_is_believed() {
    let mut change = packed();
    let delivery = &mut change.delivery.value;
    delivery.company = "é".repeat(limits::COMPANY);
    delivery.address = "é".repeat(limits::ADDRESS);
    delivery.comment = Some("é".repeat(limits::COMMENT));
    let skus = (0..limits::LINES).map(|n| line(&format!("{n:0>64}"), limits::QUANTITY));
    delivery.lines = skus.collect();
    assert_eq!(change.clone().validated(), Ok(change));
}

#[test]
fn unknown_fields_are_believed_up_to_a_size_and_without_nul() {
    let with = |value: serde_json::Value| {
        let mut change = packed();
        change.delivery.value.unknown.insert("gift".to_owned(), value);
        change.validated()
    };
    assert!(with(serde_json::json!({"wrap": ["red", 1, null]})).is_ok());
    let nul = with(serde_json::json!({"wrap": ["a\0b"]})).expect_err("NUL");
    assert!(nul.ends_with("unknown fields contain the character NUL"), "{nul}");
    let large = with("x".repeat(limits::UNKNOWN_BYTES).into()).expect_err("too large");
    assert!(large.contains("at most 16384 are allowed"), "{large}");
}
