//! The writes that a client asks for, and whether the order came to it. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared_models::order::{Delivery, Line, Shared, Status};

use super::seen;

/// A write, with all that the client asked for. A token is in no other write, so that a change
/// tells which write made it.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// An order is to be made. Asked for again under the same id, it is to be made once.
    Create(Box<Placed>),
    /// Another delivery; the token is its comment.
    Delivery {
        /// The comment.
        comment: String,
        /// The goods, where these are to be others.
        goods: Option<Goods>,
    },
    /// Another progress; the token is its tracking.
    Progress {
        /// The status.
        status: Status,
        /// The tracking.
        tracking: String,
    },
    /// The order is to be voided.
    Void,
    /// Other prices; the token is the price of the first line.
    Prices(Goods),
    /// Something that only the warehouse knows; the token is the note.
    Note {
        /// The bin.
        bin: String,
        /// The pickers' note.
        picker_note: String,
    },
}

/// An order as it was placed.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The delivery.
    pub delivery: Delivery,
    /// The currency of the prices.
    pub currency: String,
    /// The prices of the lines.
    pub prices: Prices,
}

/// The lines of an order, and their prices.
#[derive(Clone, Debug, PartialEq)]
pub struct Goods {
    /// The lines.
    pub lines: Vec<Line>,
    /// The prices of those lines of which one was named.
    pub prices: Prices,
}

impl Goods {
    /// Creates goods of these lines, each at the same price.
    #[must_use]
    pub fn at(price: u64, lines: Vec<Line>) -> Self {
        let prices = lines.iter().map(|line| (line.sku.clone(), price)).collect();
        Self { lines, prices }
    }

    /// Creates goods of these lines, without prices.
    #[must_use]
    pub const fn without_prices(lines: Vec<Line>) -> Self {
        Self { lines, prices: Prices::new() }
    }

    /// The lines of an order as it is shown; a line without a price has none here either.
    #[must_use]
    pub fn read(shown: &Value) -> Self {
        let shown = || shown.as_array().into_iter().flatten();
        let priced =
            |line: &Value| Some((line["sku"].as_str()?.to_owned(), line["unit_price"].as_u64()?));
        Self {
            lines: shown().filter_map(seen::line).collect(),
            prices: shown().filter_map(priced).collect(),
        }
    }

    /// The lines as a caller sets them.
    #[must_use]
    pub fn shown(&self) -> Value {
        let line = |line: &Line| match self.prices.get(&line.sku) {
            Some(price) => {
                json!({"sku": line.sku, "quantity": line.quantity, "unit_price": price})
            }
            None => json!({"sku": line.sku, "quantity": line.quantity}),
        };
        self.lines.iter().map(line).collect()
    }
}

/// The price of each sku.
pub type Prices = BTreeMap<String, u64>;

impl Wanted {
    /// Returns whether an order says all that was asked for: an order that was to be created, as it
    /// was at first.
    #[must_use]
    pub fn is_met(&self, shared: &Shared, private: &Value) -> bool {
        let (delivery, progress) = (&shared.delivery.value, &shared.progress.value);
        let are =
            |goods: &Goods| delivery.lines == goods.lines && are_charged(&goods.prices, private);
        match self {
            Self::Create(placed) => {
                *delivery == placed.delivery
                    && private["currency"] == *placed.currency
                    && are_charged(&placed.prices, private)
            }
            Self::Delivery { comment, goods } => {
                delivery.comment.as_ref() == Some(comment) && goods.as_ref().is_none_or(are)
            }
            Self::Progress { status, tracking } => {
                progress.status == *status && progress.tracking.as_ref() == Some(tracking)
            }
            Self::Void => progress.status == Status::Voided,
            Self::Prices(goods) => are(goods),
            Self::Note { bin, .. } => private["bin"] == **bin && self.is_noted(private),
        }
    }

    /// Returns whether the token of something private is there.
    #[must_use]
    pub fn is_noted(&self, private: &Value) -> bool {
        match self {
            Self::Prices(Goods { lines, prices }) => {
                let first = lines.first().and_then(|line| prices.get_key_value(&line.sku));
                first.is_some_and(|(sku, price)| private["unit_prices"][sku] == *price)
            }
            Self::Note { picker_note, .. } => private["picker_note"] == **picker_note,
            Self::Create(_) | Self::Delivery { .. } | Self::Progress { .. } | Self::Void => false,
        }
    }
}

fn are_charged(prices: &Prices, private: &Value) -> bool {
    prices.iter().all(|(sku, price)| private["unit_prices"][sku] == *price)
}
