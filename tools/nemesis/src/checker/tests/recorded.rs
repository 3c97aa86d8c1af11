//! The history of an order as two sides would record it, made with the real rules.

use std::sync::Arc;

use serde_json::{Value, json};
use shared_models::SCHEMA;
use shared_models::edit::{create, revise};
use shared_models::event::{EventKind, OrderEvent};
use shared_models::merge::merge;
use shared_models::order::{Delivery, Line, Progress, Shared, Status, Touched};
use shared_models::rules::Cargo;
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use crate::checker::case::{Case, Change, Followed, Row, SetBack};
use crate::ledger::{Outcome, Read, Write};
use crate::seen::{Content, Seen};
use crate::wanted::{Goods, Placed, Wanted};

/// A history, with the case that it makes.
pub(super) struct Recorded {
    pub(super) case: Case,
}

impl Recorded {
    /// Starts a history: an order is placed at the store.
    pub(super) fn of_an_order() -> Self {
        let case = Case { id: Uuid::new_v4(), ..Case::default() };
        let line = Line { sku: "LAMP".to_owned(), quantity: 2 };
        let delivery = Delivery {
            company: "Acme".to_owned(),
            address: "1 Main Street".to_owned(),
            comment: Some("t0".to_owned()),
            lines: vec![line],
            ..Delivery::default()
        };
        let mut recorded = Self { case };
        let shared = create(delivery.clone());
        let private = Some(json!({"currency": "EUR", "unit_prices": {"LAMP": 250}}));
        recorded.record(Side::Store, EventKind::Created, shared, Touched::Delivery, private);
        let prices = Goods::at(250, delivery.lines.clone()).prices;
        let placed = Placed { delivery, currency: "EUR".to_owned(), prices };
        recorded.acknowledged(Side::Store, Wanted::Create(Box::new(placed)));
        recorded
    }

    /// Edits the delivery at a side.
    pub(super) fn comments(&mut self, side: Side, token: &str) {
        let before = self.shared(side);
        let mut delivery = before.delivery.value.clone();
        delivery.comment = Some(token.to_owned());
        let progress = before.progress.value.clone();
        self.decides(side, &before, delivery, progress);
        self.acknowledged(side, Wanted::Delivery { comment: token.to_owned(), goods: None });
    }

    /// Sets other lines at a side.
    pub(super) fn orders(&mut self, side: Side, token: &str, quantity: u32) {
        let lines = vec![Line { sku: "LAMP".to_owned(), quantity }];
        let before = self.shared(side);
        let mut delivery = before.delivery.value.clone();
        (delivery.comment, delivery.lines) = (Some(token.to_owned()), lines.clone());
        let progress = before.progress.value.clone();
        self.decides(side, &before, delivery, progress);
        let goods = Some(Goods::without_prices(lines));
        self.acknowledged(side, Wanted::Delivery { comment: token.to_owned(), goods });
    }

    /// Sets another price at the store.
    pub(super) fn prices(&mut self, price: u64) {
        let (side, private) =
            (Side::Store, json!({"currency": "EUR", "unit_prices": {"LAMP": price}}));
        let shared = self.shared(side);
        let goods = Goods::at(price, shared.delivery.value.lines.clone());
        self.record(side, EventKind::Updated, shared, Touched::Nothing, Some(private));
        self.acknowledged(side, Wanted::Prices(goods));
    }

    /// Moves the order on at a side.
    pub(super) fn moves(&mut self, side: Side, status: Status, token: Option<&str>) {
        let before = self.shared(side);
        let tracking = token.map(str::to_owned).or(before.progress.value.tracking.clone());
        let progress = Progress { status, tracking, ..before.progress.value.clone() };
        let delivery = before.delivery.value.clone();
        self.decides(side, &before, delivery, progress);
        let wanted = token
            .map_or(Wanted::Void, |token| Wanted::Progress { status, tracking: token.to_owned() });
        self.acknowledged(side, wanted);
    }

    /// Edits the private part at the warehouse.
    pub(super) fn notes(&mut self, token: &str) {
        let (side, private) = (Side::Warehouse, json!({"bin": "B7", "picker_note": token}));
        let shared = self.shared(side);
        self.record(side, EventKind::Updated, shared, Touched::Nothing, Some(private));
        let (bin, picker_note) = ("B7".to_owned(), token.to_owned());
        self.acknowledged(side, Wanted::Note { bin, picker_note });
    }

    /// Carries the last change that a side published to its peer.
    pub(super) fn carry(&mut self, from: Side) {
        let to = from.peer();
        let sent = self.case.sides.at(from).changes.iter().rfind(|change| change.published);
        let event = sent.unwrap().event.clone();
        let id = event.id;
        let cargo = match event.shared.progress.value.status.is_default() {
            true => Cargo::Delivery,
            false => Cargo::Both,
        };
        let merged = merge(to, &self.shared(to), &OrderChange::of(event, cargo));
        if merged.touched == Touched::Nothing {
            return;
        }
        self.record(to, EventKind::Updated, merged.shared, merged.touched, None);
        let change = self.last_mut(to);
        if !merged.is_own_change {
            (change.origin, change.event.origin) = (from, from);
            (change.event_id, change.event.id, change.published) = (id, id, false);
        }
        change.conflicts = (!merged.conflicts.is_empty()).then_some(merged.conflicts);
    }

    /// Reads the order at a side.
    pub(super) fn reads(&mut self, side: Side) -> &mut Read {
        let (seen, order, at) = (self.seen(side), self.case.id, Default::default());
        self.case.reads.push(Read { at, side, order, seen });
        self.case.reads.last_mut().unwrap()
    }

    /// Puts the order of a side back to what it was after a change.
    pub(super) fn set_back(&mut self, side: Side, change: usize) {
        let known = self.case.sides.at(side.peer()).row.clone();
        let turn = Side::ALL.map(|side| self.case.sides.at(side).set_backs.len()).iter().sum();
        let evidence = self.case.sides.at_mut(side);
        let (change, after) =
            (evidence.changes[change].clone(), evidence.changes.last().unwrap().seq);
        let row = evidence.row.as_mut().unwrap();
        (row.shared, row.version) = (change.event.shared, change.version);
        evidence.set_backs.push(SetBack { turn, after, to: row.clone(), known });
    }

    /// Lets a follower of each side's feed read all.
    pub(super) fn follow(&mut self) {
        for side in Side::ALL {
            let evidence = self.case.sides.at_mut(side);
            evidence.followed = Followed::default();
            for change in &evidence.changes {
                evidence.followed.add(change.version, change.event.clone());
            }
        }
    }

    /// Returns the last change of a side.
    pub(super) fn last_mut(&mut self, side: Side) -> &mut Change {
        self.case.sides.at_mut(side).changes.last_mut().unwrap()
    }

    /// Returns the row of the order at a side.
    pub(super) fn row_mut(&mut self, side: Side) -> &mut Row {
        self.case.sides.at_mut(side).row.as_mut().unwrap()
    }

    fn shared(&self, side: Side) -> Shared {
        self.case.sides.at(side).row.as_ref().map(|row| row.shared.clone()).unwrap_or_default()
    }

    fn decides(&mut self, side: Side, before: &Shared, delivery: Delivery, progress: Progress) {
        let (shared, touched) = revise(side, before, delivery, progress).unwrap();
        self.record(side, EventKind::Updated, shared, touched, None);
    }

    fn record(
        &mut self,
        side: Side,
        kind: EventKind,
        shared: Shared,
        touched: Touched,
        private: Option<Value>,
    ) {
        let (id, order_id) = (Uuid::new_v4(), self.case.id);
        let evidence = self.case.sides.at_mut(side);
        let before = evidence.row.take();
        let version = before.as_ref().map_or(0, |row| row.version) + 1;
        let known = before.map_or(Value::Null, |row| row.private);
        let row_private = private.clone().unwrap_or(known);
        evidence.row =
            Some(Row { id: order_id, shared: shared.clone(), private: row_private, version });
        let event = OrderEvent {
            schema: SCHEMA,
            id,
            kind,
            origin: side,
            order_id,
            version,
            at: Default::default(),
            touched,
            shared,
        };
        let seq = evidence.changes.last().map_or(0, |change| change.seq) + 3;
        let published = touched != Touched::Nothing;
        evidence.changes.push(Change {
            seq,
            xid: seq,
            event_id: id,
            order_id,
            origin: side,
            version,
            event,
            private,
            conflicts: None,
            offer_in_bulk: None,
            published,
        });
    }

    /// Adds to the ledger that a client asked for the last change, and was answered.
    fn acknowledged(&mut self, side: Side, wanted: Wanted) {
        let seen = self.seen(side);
        let (order, at) = (self.case.id, Default::default());
        let outcome = Outcome::Acknowledged(seen);
        self.case.writes.push(Write { at, side, order, wanted, outcome });
    }
    /// Returns the order at a side as a client is shown it.
    fn seen(&self, side: Side) -> Seen {
        let row = self.case.sides.at(side).row.clone().unwrap();
        let mut shown = row.private.clone();
        let line = |line: &Line| {
            let price = &row.private["unit_prices"][&line.sku];
            json!({"sku": line.sku, "quantity": line.quantity, "unit_price": price})
        };
        shown["lines"] = row.shared.delivery.value.lines.iter().map(line).collect();
        let content = Content { shared: row.shared, shown };
        Seen { version: row.version, order: Some(Arc::new(content)) }
    }
}
