//! Writes that were done in another way than they were asked for.

use super::*;
use crate::wanted::Placed;

/// A history with every kind of write, in this order: an order is placed, gets other lines and
/// prices, a note, and is moved.
fn every_kind() -> Recorded {
    let mut recorded = Recorded::of_an_order();
    recorded.orders(STORE, "t1", 7);
    recorded.prices(300);
    recorded.carry(STORE);
    recorded.notes("t2");
    recorded.moves(WAREHOUSE, Status::Packed, Some("t3"));
    recorded.carry(WAREHOUSE);
    recorded
}

#[test]
fn every_kind_of_write_is_what_was_asked_for() {
    assert_eq!(check(&every_kind().case), []);
}

/// A number of lamps at a price.
fn lamps(quantity: u32, price: u64) -> Goods {
    Goods::at(price, vec![Line { sku: "LAMP".to_owned(), quantity }])
}

#[test]
fn what_bears_the_token_of_a_write_and_says_something_else_is_noticed() {
    let clean = every_kind();
    let Wanted::Create(placed) = &clean.case.writes[0].wanted else { panic!() };
    let create = |currency: &str, price| {
        let (currency, prices) = (currency.to_owned(), lamps(2, price).prices);
        (0, Wanted::Create(Box::new(Placed { currency, prices, ..*placed.clone() })))
    };
    let delivery = |goods| (1, Wanted::Delivery { comment: "t1".to_owned(), goods: Some(goods) });
    let two_prices = |mut goods: Goods| {
        goods.prices.insert("FUSE".to_owned(), 250);
        (2, Wanted::Prices(goods))
    };
    let wanted_instead = [
        create("USD", 250),
        create("EUR", 251),
        delivery(lamps(8, 250)),
        delivery(lamps(7, 251)),
        two_prices(lamps(7, 300)),
        (2, Wanted::Prices(lamps(8, 300))),
        (3, Wanted::Note { bin: "B8".to_owned(), picker_note: "t2".to_owned() }),
        (4, Wanted::Progress { status: Status::Shipped, tracking: "t3".to_owned() }),
    ];
    for (write, wanted) in wanted_instead {
        let mut recorded = every_kind();
        recorded.case.writes[write].wanted = wanted.clone();
        assert_eq!(broken(&recorded.case), [Rule::Acknowledged, Rule::Asked], "{wanted:?}");
    }
}
