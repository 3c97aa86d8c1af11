//! What a client asks for next, and the body in which it asks.

use fastrand::Rng;
use serde_json::{Value, json};
use shared_models::order::{Delivery, Line};
use shared_models::site::Site;

use crate::nemesis::ledger::Wanted;

/// The articles of every order.
const SKUS: [&str; 3] = ["BULB", "FUSE", "LAMP"];
/// Orders in a batch at the most.
const BATCH: usize = 12;
/// Patches of one order at once, at the most.
const PATCHES: usize = 5;

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Reads an order.
    Read(Site),
    /// Places one.
    Place,
    /// Places several at once.
    PlaceSeveral(usize),
    /// Asks for the deletion of one, which voids it.
    Void,
    /// Patches one.
    Patch(Site, Kind),
    /// Patches one several times at once: those that come while the first is being written are
    /// written together.
    PatchSeveral(Site, usize),
    /// Changes a price, if the order is still as it was read.
    Price,
}

/// What a patch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What is said besides.
    Comment,
    /// What is delivered.
    Lines,
    /// How far it has come.
    Move,
    /// What only the site knows.
    Private,
}

pub(super) fn deed(rng: &mut Rng) -> Deed {
    let site = Site::ALL[rng.usize(..2)];
    match rng.u8(..100) {
        0..31 => Deed::Read(site),
        31..34 => Deed::PatchSeveral(site, rng.usize(3..=PATCHES)),
        34..41 => Deed::Place,
        41..42 => Deed::PlaceSeveral(rng.usize(2..=BATCH)),
        42..43 => Deed::Void,
        43..58 => Deed::Patch(site, Kind::Lines),
        58..74 => Deed::Patch(Site::Warehouse, Kind::Move),
        74..80 => Deed::Patch(Site::Warehouse, Kind::Private),
        80..85 => Deed::Price,
        _ => Deed::Patch(site, Kind::Comment),
    }
}

/// An order to be placed, and the delivery that it is to have.
pub(super) fn order(id: &str, token: &str, rng: &mut Rng) -> (Value, Delivery) {
    let lines = SKUS.map(|sku| Line { sku: sku.to_owned(), quantity: rng.u32(1..100) });
    let delivery = Delivery {
        company: "Acme".to_owned(),
        address: "1 Main Street".to_owned(),
        comment: Some(token.to_owned()),
        lines: lines.to_vec(),
        ..Delivery::default()
    };
    let lines: Vec<_> = delivery.lines.iter().map(|line| priced(line, 250)).collect();
    let body = json!({
        "id": id, "company": delivery.company, "address": delivery.address,
        "comment": token, "currency": "EUR", "lines": lines,
    });
    (body, delivery)
}

/// A patch of some kind, and what it wants. `number` has ten digits, and no other write has it.
pub(super) fn patch(site: Site, kind: Kind, number: u64, rng: &mut Rng) -> (Value, Wanted) {
    let token = format!("t{number}");
    match (kind, site) {
        (Kind::Comment, _) => (json!({"comment": token}), Wanted::Delivery(token)),
        (Kind::Lines, Site::Store) => {
            let lines: Vec<_> = some_lines(rng).iter().map(|line| priced(line, 250)).collect();
            (json!({"comment": token, "lines": lines}), Wanted::Delivery(token))
        }
        (Kind::Lines, Site::Warehouse) => {
            (json!({"comment": token, "lines": some_lines(rng)}), Wanted::Delivery(token))
        }
        (Kind::Move, _) => {
            // The later, the rarer: a closed order takes no more edits.
            let status = match rng.u8(..20) {
                0..10 => "picking",
                10..17 => "packed",
                17..18 => "voided",
                18..19 => "shipped",
                _ => "delivered",
            };
            (json!({"status": status, "tracking": token}), Wanted::Progress(token))
        }
        (Kind::Private, _) => (json!({"bin": "B7", "picker_note": token}), Wanted::Private(token)),
    }
}

/// Another price for the first line of an order that was shown like this.
pub(super) fn price(shown: &Value, number: u64) -> (Value, Wanted) {
    let mut lines = shown["lines"].clone();
    lines[0]["unit_price"] = number.into();
    (json!({"lines": lines}), Wanted::Private(number.to_string()))
}

fn some_lines(rng: &mut Rng) -> Vec<Line> {
    let first = rng.usize(..SKUS.len());
    let line = |sku: &&str| Line { sku: (*sku).to_owned(), quantity: rng.u32(1..100) };
    SKUS[first..].iter().map(line).collect()
}

fn priced(line: &Line, price: u64) -> Value {
    json!({"sku": line.sku, "quantity": line.quantity, "unit_price": price})
}
