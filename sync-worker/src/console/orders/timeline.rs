//! The life of an order across both databases: the histories of both sides as one, in the order of
//! time.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared_models::side::Side;
use uuid::Uuid;

use super::super::Sides;
use super::super::guard::Known;
use super::super::parts::{Tone, mark, time};

/// A change in the history of one side.
#[derive(Clone, Debug, Deserialize)]
struct Entry {
    kind: String,
    origin: String,
    version: i64,
    at: DateTime<Utc>,
    event: Value,
    private: Option<Value>,
    conflicts: Vec<Value>,
    principal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct History {
    items: Vec<Entry>,
    next: Option<String>,
}

/// A change as the timeline shows it.
#[derive(Clone, Debug, PartialEq)]
struct Moment {
    side: Side,
    at: DateTime<Utc>,
    version: i64,
    what: String,
    principal: Option<String>,
    /// The fields that changed: the name, the value before, the value after.
    fields: Vec<(String, String, String)>,
    conflicts: Vec<Value>,
}

/// The timeline of an order, and the reasons why a side's part is missing.
pub(super) async fn timeline(sides: &Sides, known: &Known, id: Uuid) -> Markup {
    let (mut moments, mut problems, mut is_cut) = (vec![], vec![], false);
    for side in Side::ALL {
        let path = format!("v1/orders/{id}/changes");
        match sides.of(side, known).find::<History>(&path, &[]).await {
            Ok(Some(history)) => {
                is_cut |= history.next.is_some();
                moments.extend(moments_of(side, history.items));
            }
            Ok(None) => {}
            Err(error) => problems.push(format!("{side}: {error}")),
        }
    }
    moments.sort_by_key(|moment| moment.at);
    html! {
        section.card {
            h2 { "Its life at both sides" }
            @for problem in problems { p.reason { "The part of the " (problem) } }
            @if is_cut { p.hint { "Only the first 500 changes of a side are shown." } }
            ol.timeline { @for moment in &moments { (item(moment)) } }
        }
    }
}

fn moments_of(side: Side, entries: Vec<Entry>) -> Vec<Moment> {
    let (mut before, mut moments) = (Map::new(), vec![]);
    for entry in entries {
        let mut after = contents(&entry.event);
        if let Some(Value::Object(private)) = &entry.private {
            after.extend(private.clone());
            after.remove("placed_as");
        } else {
            let kept = before.iter().filter(|(name, _)| !after.contains_key(*name));
            let kept = kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>();
            after.extend(kept);
        }
        let fields = match before.is_empty() {
            true => vec![],
            false => changed(&before, &after),
        };
        moments.push(Moment {
            side,
            at: entry.at,
            version: entry.version,
            what: what(side, &entry),
            principal: entry.principal,
            fields,
            conflicts: entry.conflicts,
        });
        before = after;
    }
    moments
}

/// The fields of both facets after an event.
fn contents(event: &Value) -> Map<String, Value> {
    let facets = ["delivery", "progress"].into_iter().filter_map(|facet| event[facet].as_object());
    let fields = facets.flatten().filter(|(name, _)| !["revision", "marks"].contains(&&***name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn changed(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<(String, String, String)> {
    let differs =
        |(name, value): &(&String, &Value)| before.get(*name).unwrap_or(&Value::Null) != *value;
    let shown = |(name, value): (&String, &Value)| {
        (name.replace('_', " "), text(before.get(name).unwrap_or(&Value::Null)), text(value))
    };
    after.iter().filter(differs).map(shown).collect()
}

/// A value for a person.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => match (fields.get("sku"), fields.get("quantity")) {
            (Some(sku), Some(quantity)) => format!("{} × {}", text(quantity), text(sku)),
            _ => {
                let pairs = fields.iter().map(|(name, value)| format!("{name} {}", text(value)));
                pairs.collect::<Vec<_>>().join(", ")
            }
        },
    }
}

fn what(side: Side, entry: &Entry) -> String {
    let verb = match entry.kind.as_str() {
        "order.created" => "placed",
        "order.voided" => "voided",
        "order.offered" => return "published again".to_owned(),
        "order.updated" => "edited",
        other => other.strip_prefix("order.").unwrap_or(other),
    };
    match entry.origin == side.as_str() {
        true => verb.to_owned(),
        false => format!("{verb} at the {}, arrived here", entry.origin),
    }
}

fn item(moment: &Moment) -> Markup {
    html! {
        li.(moment.side.as_str()) {
            p.when { (time(moment.at)) " " span.side { (moment.side) } " " small { "version " (moment.version) } }
            p.what {
                (moment.what)
                @if let Some(principal) = &moment.principal { " by " strong { (principal) } }
            }
            @if !moment.fields.is_empty() {
                ul.fields-changed {
                    @for (name, before, after) in &moment.fields {
                        li { b { (name) } ": " del { (before) } " → " ins { (after) } }
                    }
                }
            }
            @for conflict in &moment.conflicts { (conflict_of(conflict)) }
        }
    }
}

fn conflict_of(conflict: &Value) -> Markup {
    let cause = conflict["cause"].as_str().unwrap_or("conflict");
    let meaning = match cause {
        "concurrent" => "both sides had edited it",
        "late" => "the edit came after the order was closed here",
        "diverged" => "one revision stood for two changes: a side had been set back",
        "restored" => "this side had been set back, and got its later state from the peer",
        _ => "decided by rule",
    };
    let value = |name: &str| {
        let mut fields = conflict[name].as_object().cloned().unwrap_or_default();
        fields.retain(|name, value| !["revision", "marks"].contains(&&**name) && !value.is_null());
        text(&Value::Object(fields))
    };
    html! {
        div.conflict {
            p { (mark(Tone::Warn, cause)) " " (conflict["facet"].as_str().unwrap_or_default()) ": " (meaning) }
            p { b { "kept " } (value("kept")) }
            p { b { "lost " } del { (value("lost")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(origin: &str, kind: &str, quantity: u32, private: Option<Value>) -> Entry {
        let event = json!({
            "delivery": {
                "revision": {"store": 1, "warehouse": 0}, "company": "Acme",
                "lines": [{"sku": "LAMP", "quantity": quantity}],
            },
            "progress": {"revision": {"store": 0, "warehouse": 0}, "status": "placed"},
        });
        let (kind, origin) = (kind.to_owned(), origin.to_owned());
        let (at, conflicts, principal) = (DateTime::UNIX_EPOCH, vec![], None);
        Entry { kind, origin, version: 1, at, event, private, conflicts, principal }
    }

    #[test]
    fn a_change_shows_what_it_changed_and_where_it_came_from() {
        let history = vec![
            entry("store", "order.created", 1, None),
            entry("warehouse", "order.updated", 3, None),
            entry("store", "order.updated", 3, Some(json!({"bin": "B7", "placed_as": "x"}))),
            entry("store", "order.offered", 3, None),
        ];
        let moments = moments_of(Side::Store, history);
        let shown = moments.iter().map(|it| (it.what.as_str(), it.fields.clone()));
        let field = |name: &str, before: &str, after: &str| {
            (name.to_owned(), before.to_owned(), after.to_owned())
        };
        let expected = [
            ("placed", vec![]),
            ("edited at the warehouse, arrived here", vec![field("lines", "1 × LAMP", "3 × LAMP")]),
            ("edited", vec![field("bin", "–", "B7")]),
            ("published again", vec![]),
        ];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }
}
