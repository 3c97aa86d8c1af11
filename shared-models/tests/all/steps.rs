//! Random steps in the history of an order.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::sample::Index;
use shared_models::order::{Delivery, Progress, Shared, Status};
use shared_models::side::Side;

use crate::samples::line;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A caller at a side edits the order.
    Edit(Side, Wish),
    /// A side offers the order.
    Offer(Side),
    /// Some of the changes that were ever sent to a side arrive there, perhaps not for the first
    /// time.
    Carry { to: Side, picks: Vec<Index>, coalesced: bool },
}

/// The wish of a caller for an order, which may be refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    Address(u8),
    Quantity(u32),
    TakeOut,
    Add(u8),
    Move(Status),
    Carrier(u8),
    ShipWith(u8),
    AddressAndMove(u8, Status),
}

impl Wish {
    pub(crate) fn of(self, shared: &Shared) -> (Delivery, Progress) {
        let mut delivery = shared.delivery.value.clone();
        let mut progress = shared.progress.value.clone();
        match self {
            Self::Address(n) => delivery.address = format!("{n} Hill"),
            Self::Quantity(n) => delivery.lines[0].quantity = n,
            Self::TakeOut if delivery.lines.len() > 1 => drop(delivery.lines.pop()),
            Self::TakeOut => {}
            Self::Add(n) => add(&mut delivery, &format!("screw-{n}")),
            Self::Move(status) => progress.status = status,
            Self::Carrier(n) => progress.carrier = Some(format!("carrier {n}")),
            Self::ShipWith(n) => {
                progress.status = Status::Shipped;
                progress.tracking = Some(format!("T-{n}"));
            }
            Self::AddressAndMove(n, status) => {
                delivery.address = format!("{n} Hill");
                progress.status = status;
            }
        }
        (delivery.normalised(), progress)
    }
}

fn add(delivery: &mut Delivery, sku: &str) {
    if delivery.lines.iter().all(|line| line.sku != sku) {
        delivery.lines.push(line(sku, 1));
    }
}

pub(crate) fn side() -> impl Strategy<Value = Side> {
    prop::sample::select(&Side::ALL[..])
}

/// Draws a status. Voided is the one move that both sides have, so the one about which they
/// disagree.
fn status() -> impl Strategy<Value = Status> {
    prop_oneof![1 => Just(Status::Voided), 2 => prop::sample::select(&Status::ALL[1..])]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        3 => (0..9u8).prop_map(Wish::Address),
        2 => (1..9u32).prop_map(Wish::Quantity),
        1 => Just(Wish::TakeOut),
        1 => (0..3u8).prop_map(Wish::Add),
        4 => status().prop_map(Wish::Move),
        2 => (0..9u8).prop_map(Wish::Carrier),
        1 => (0..9u8).prop_map(Wish::ShipWith),
        1 => ((0..9u8), status()).prop_map(|(n, status)| Wish::AddressAndMove(n, status)),
    ]
}

fn carry() -> impl Strategy<Value = Step> {
    let picks = prop::collection::vec(any::<Index>(), 1..4);
    (side(), picks, any::<bool>()).prop_map(|(to, picks, coalesced)| Step::Carry {
        to,
        picks,
        coalesced,
    })
}

/// Draws the steps after an order was placed. Mostly the warehouse receives it at once.
pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (side(), wish()).prop_map(|(side, wish)| Step::Edit(side, wish)),
        4 => carry(),
        1 => side().prop_map(Step::Offer),
    ];
    let first = carry().prop_map(|step| vec![step]);
    let start = prop_oneof![3 => first, 1 => Just(vec![])];
    (start, prop::collection::vec(step, 0..24)).prop_map(|(start, rest)| [start, rest].concat())
}

/// Draws the order in which outstanding changes arrive.
pub(crate) fn keys() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 16)
}
