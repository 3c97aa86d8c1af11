//! The choice of a client's next request, and its body.

use fastrand::Rng;
use serde_json::{Value, json};
use shared_models::order::{Delivery, Line, Status};
use shared_models::side::Side;

use crate::wanted::{Goods, Placed, Wanted};

/// The articles of every order.
const SKUS: [&str; 3] = ["BULB", "FUSE", "LAMP"];
/// The price of each at first.
const PRICE: u64 = 250;
const CURRENCY: &str = "EUR";
/// The number of bins.
const BINS: u64 = 10;
/// Orders in a batch at the most.
const BATCH: usize = 12;
/// Patches of one order at once, at the most.
const PATCHES: usize = 5;

/// The next operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Reads an order.
    Read(Side),
    /// Places one.
    Place,
    /// Places several at once.
    PlaceSeveral(usize),
    /// Asks for the deletion of one, which voids it.
    Void,
    /// Patches one.
    Patch(Side, Kind),
    /// Patches one several times at once: those that come while the first is being written are
    /// written together.
    PatchSeveral(Side, usize),
    /// Changes a price, if the order is still as it was read.
    Price,
}

/// The subject of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The comment.
    Comment,
    /// The lines.
    Lines,
    /// The progress.
    Move,
    /// The part that only the side knows.
    Private,
}

pub(super) fn operation(rng: &mut Rng) -> Operation {
    let side = Side::ALL[rng.usize(..2)];
    match rng.u8(..100) {
        0..31 => Operation::Read(side),
        31..34 => Operation::PatchSeveral(side, rng.usize(3..=PATCHES)),
        34..41 => Operation::Place,
        41..42 => Operation::PlaceSeveral(rng.usize(2..=BATCH)),
        42..43 => Operation::Void,
        43..58 => Operation::Patch(side, Kind::Lines),
        58..74 => Operation::Patch(Side::Warehouse, Kind::Move),
        74..80 => Operation::Patch(Side::Warehouse, Kind::Private),
        80..85 => Operation::Price,
        _ => Operation::Patch(side, Kind::Comment),
    }
}

/// An order to be placed, and what is wanted with it.
pub(super) fn order(id: &str, token: &str, rng: &mut Rng) -> (Value, Wanted) {
    let lines = SKUS.map(|sku| Line { sku: sku.to_owned(), quantity: rng.u32(1..100) });
    let delivery = Delivery {
        company: "Acme".to_owned(),
        address: "1 Main Street".to_owned(),
        comment: Some(token.to_owned()),
        lines: lines.to_vec(),
        ..Delivery::default()
    };
    let goods = Goods::at(PRICE, delivery.lines.clone());
    let body = json!({
        "id": id, "company": delivery.company, "address": delivery.address,
        "comment": token, "currency": CURRENCY, "lines": goods.shown(),
    });
    let placed = Placed { delivery, currency: CURRENCY.to_owned(), prices: goods.prices };
    (body, Wanted::Create(Box::new(placed)))
}

/// A patch of some kind, and what it wants. `number` has ten digits, and no other write has it.
pub(super) fn patch(side: Side, kind: Kind, number: u64, rng: &mut Rng) -> (Value, Wanted) {
    let token = format!("t{number}");
    match kind {
        Kind::Comment => {
            (json!({"comment": token}), Wanted::Delivery { comment: token, goods: None })
        }
        Kind::Lines => {
            let goods = match side {
                Side::Store => Goods::at(PRICE, some_lines(rng)),
                Side::Warehouse => Goods::without_prices(some_lines(rng)),
            };
            let body = json!({"comment": token, "lines": goods.shown()});
            (body, Wanted::Delivery { comment: token, goods: Some(goods) })
        }
        Kind::Move => {
            // The later, the rarer: a closed order takes no more edits.
            let status = match rng.u8(..20) {
                0..10 => Status::Picking,
                10..17 => Status::Packed,
                17..18 => Status::Voided,
                18..19 => Status::Shipped,
                _ => Status::Delivered,
            };
            let body = json!({"status": status, "tracking": token});
            (body, Wanted::Progress { status, tracking: token })
        }
        Kind::Private => {
            let bin = format!("B{}", number % BINS);
            (json!({"bin": bin, "picker_note": token}), Wanted::Note { bin, picker_note: token })
        }
    }
}

/// Another price for the first line of an order that was shown like this; the others are to stay as
/// they are.
pub(super) fn price(shown: &Value, number: u64) -> (Value, Wanted) {
    let mut lines = shown["lines"].clone();
    lines[0]["unit_price"] = number.into();
    let goods = Goods::read(&lines);
    (json!({"lines": lines}), Wanted::Prices(goods))
}

fn some_lines(rng: &mut Rng) -> Vec<Line> {
    let first = rng.usize(..SKUS.len());
    let line = |sku: &&str| Line { sku: (*sku).to_owned(), quantity: rng.u32(1..100) };
    SKUS[first..].iter().map(line).collect()
}
