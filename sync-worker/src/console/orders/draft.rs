//! The fields of an order's form: filled from an order or from what was sent, and turned into the
//! body of a request. Pure.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared_models::side::Side;

use super::super::guard::Posted;
use super::record::Order;
use crate::side_client::Reply;

/// The fields of a form, as they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Draft {
    pub(super) company: String,
    pub(super) address: String,
    pub(super) deliver_by: String,
    pub(super) comment: String,
    pub(super) currency: String,
    pub(super) bin: String,
    pub(super) picker_note: String,
    pub(super) lines: Vec<DraftLine>,
}

/// A line of a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DraftLine {
    pub(super) sku: String,
    pub(super) quantity: String,
    pub(super) unit_price: String,
}

/// A side's problem with a request.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) detail: String,
    #[serde(default)]
    pub(super) errors: Vec<FieldProblem>,
}

/// A side's problem with a field.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FieldProblem {
    pub(super) field: String,
    pub(super) problem: String,
    pub(super) expected: Option<String>,
}

impl Draft {
    /// Fills a form with an order as it is.
    pub(super) fn of(order: &Order) -> Self {
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        let line = |line: &super::record::Line| DraftLine {
            sku: line.sku.clone(),
            quantity: line.quantity.to_string(),
            unit_price: line.unit_price.map(|price| price.to_string()).unwrap_or_default(),
        };
        Self {
            company: order.company.clone(),
            address: order.address.clone(),
            deliver_by: text(&order.deliver_by),
            comment: text(&order.comment),
            currency: text(&order.currency),
            bin: text(&order.bin),
            picker_note: text(&order.picker_note),
            lines: order.lines.iter().map(line).collect(),
        }
    }

    /// Fills a form with what was sent. A line without any text was left empty.
    pub(super) fn posted(posted: &Posted) -> Self {
        let text = |name| as_a_form_carries(posted.text(name));
        let prices = posted.all("unit_price").chain(std::iter::repeat(""));
        let lines = posted.all("sku").zip(posted.all("quantity")).zip(prices);
        let lines = lines.map(|((sku, quantity), unit_price)| DraftLine {
            sku: sku.to_owned(),
            quantity: quantity.to_owned(),
            unit_price: unit_price.to_owned(),
        });
        Self {
            company: text("company"),
            address: text("address"),
            deliver_by: text("deliver_by"),
            comment: text("comment"),
            currency: text("currency"),
            bin: text("bin"),
            picker_note: text("picker_note"),
            lines: lines.filter(|line| *line != DraftLine::default()).collect(),
        }
    }

    /// Puts what the order had before in the place of what differs from it only in what a form cannot
    /// carry: blanks around a text, and other ends of lines. So what nobody has touched stays as it is.
    pub(super) fn keeping(mut self, was: &Self) -> Self {
        for (text, was) in [
            (&mut self.company, &was.company),
            (&mut self.address, &was.address),
            (&mut self.deliver_by, &was.deliver_by),
            (&mut self.comment, &was.comment),
            (&mut self.currency, &was.currency),
            (&mut self.bin, &was.bin),
            (&mut self.picker_note, &was.picker_note),
        ] {
            keep(text, was);
        }
        for line in &mut self.lines {
            was.lines.iter().for_each(|was| keep(&mut line.sku, &was.sku));
        }
        self
    }

    /// Returns the body of a request that sets all fields of this at a side.
    pub(super) fn body(&self, side: Side) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value| body.insert(name.to_owned(), value);
        let maybe = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        set("company", json!(self.company));
        set("address", json!(self.address));
        set("deliver_by", maybe(&self.deliver_by));
        set("comment", maybe(&self.comment));
        set("lines", self.lines.iter().map(|line| line.value(side)).collect());
        match side {
            Side::Store => {
                set("currency", maybe(&self.currency));
            }
            Side::Warehouse => {
                set("bin", maybe(&self.bin));
                set("picker_note", maybe(&self.picker_note));
            }
        }
        Value::Object(body)
    }
}

fn keep(text: &mut String, was: &str) {
    if as_a_form_carries(was) == *text {
        was.clone_into(text);
    }
}

fn as_a_form_carries(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

impl DraftLine {
    fn value(&self, side: Side) -> Value {
        let mut line = json!({"sku": self.sku, "quantity": number(&self.quantity)});
        if side == Side::Store {
            line["unit_price"] = number(&self.unit_price);
        }
        line
    }
}

/// A number as it was typed. What is none is sent as text, so that the side says what it expects.
fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => json!(number),
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => json!(text),
    }
}

impl Refusal {
    /// Reads a side's refusal.
    pub(super) fn of(reply: &Reply) -> Self {
        let read = serde_json::from_slice::<Self>(&reply.body).unwrap_or_default();
        let detail = match read.detail.is_empty() {
            true => format!("the answer was {}", reply.status),
            false => read.detail,
        };
        Self { status: reply.status, detail, ..read }
    }

    /// Returns the problem with the field of this name.
    pub(super) fn with(&self, field: &str) -> Option<&FieldProblem> {
        self.errors.iter().find(|error| error.field == field)
    }

    /// Returns the problems with fields that a form does not have.
    pub(super) fn elsewhere<'a>(
        &'a self,
        fields: &'a [String],
    ) -> impl Iterator<Item = &'a FieldProblem> {
        self.errors.iter().filter(|error| !fields.contains(&error.field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(fields: &[(&str, &str)]) -> Posted {
        Posted(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn a_form_becomes_the_body_of_a_request() {
        let sent = posted(&[
            ("company", " Acme "),
            ("address", "1 Main Street\r\nTown"),
            ("deliver_by", ""),
            ("sku", "LAMP"),
            ("quantity", "2"),
            ("unit_price", "1999"),
            ("sku", ""),
            ("quantity", ""),
            ("unit_price", ""),
            ("sku", "BULB"),
            ("quantity", "many"),
            ("unit_price", ""),
            ("currency", "EUR"),
            ("bin", "B7"),
        ]);
        let body = Draft::posted(&sent).body(Side::Store);
        let expected = json!({
            "company": "Acme", "address": "1 Main Street\nTown", "deliver_by": null,
            "comment": null, "currency": "EUR",
            "lines": [
                {"sku": "LAMP", "quantity": 2, "unit_price": 1999},
                {"sku": "BULB", "quantity": "many", "unit_price": null},
            ],
        });
        assert_eq!(body, expected);
        let body = Draft::posted(&sent).body(Side::Warehouse);
        assert_eq!((&body["bin"], &body["picker_note"]), (&json!("B7"), &Value::Null));
        assert_eq!(body["lines"][0], json!({"sku": "LAMP", "quantity": 2}));
        assert!(body.get("currency").is_none());
    }

    #[test]
    fn what_nobody_has_touched_stays_as_it_was() {
        let line = |sku: &str| DraftLine { sku: sku.into(), ..DraftLine::default() };
        let was = Draft {
            company: "Acme ".into(),
            address: "\n1 Main Street\r\nTown\rCountry".into(),
            comment: "  ".into(),
            lines: vec![line("LAMP "), line("BULB")],
            ..Draft::default()
        };
        let untouched = [
            ("company", "Acme"),
            ("address", "1 Main Street\r\nTown\r\nCountry"),
            ("sku", "LAMP"),
            ("quantity", ""),
            ("sku", "BULB"),
            ("quantity", ""),
        ];
        assert_eq!(Draft::posted(&posted(&untouched)).keeping(&was), was);
        let touched = [("company", "Acme & Sons"), ("sku", "LAMP 2"), ("quantity", "")];
        let kept = Draft::posted(&posted(&touched)).keeping(&was);
        assert_eq!((&*kept.company, &*kept.lines[0].sku), ("Acme & Sons", "LAMP 2"));
    }
}
