//! The text in which parked changes are shown to people. Pure.

use chrono::{DateTime, Utc};
use shared_models::parked::{ParkedChange, RecordName};

use crate::parked::ParkedAtSide;

/// The header of the table.
pub(super) const HEAD: &str = "ID                                    SIDE       \
     RECORD                                      STATE              ATTEMPTS  LAST                  REASON";

/// Formats a parked change as one line.
pub(super) fn row(parked: &ParkedAtSide) -> String {
    let ParkedChange { id, record, attempts, last_at, reason, .. } = &parked.change;
    let (side, record, state) = (parked.side.as_str(), name(record), state(&parked.change));
    let (last, reason) = (time(*last_at), in_one_line(reason));
    format!("{id:<36}  {side:<9}  {record:<42}  {state:<17}  {attempts:>8}  {last:<20}  {reason}")
}

/// Formats a parked change with all its fields.
pub(super) fn details(parked: &ParkedAtSide) -> String {
    let change = &parked.change;
    let offer = change.offer_at.map_or("not by itself".to_owned(), time);
    let rows = [
        ("id", change.id.to_string()),
        ("event", change.event_id.to_string()),
        ("record", name(&change.record)),
        ("direction", parked.direction.to_owned()),
        ("state", state(change)),
        ("attempts", change.attempts.to_string()),
        ("first", time(change.first_at)),
        ("last", time(change.last_at)),
        ("offered", offer),
        ("reason", in_one_line(&change.reason)),
    ];
    let mut text: String =
        rows.iter().map(|(name, value)| format!("{name:<9}  {value}\n")).collect();
    let body = match change.body.as_str() {
        Some(body) => body.lines().map(in_one_line).collect::<Vec<_>>().join("\n"),
        None => format!("{:#}", change.body),
    };
    text.push_str(&format!("\n{body}\n"));
    text
}

fn name(record: &RecordName) -> String {
    match (&record.resource, &record.key) {
        (Some(resource), Some(key)) => in_one_line(&format!("{resource} {key}")),
        (None, _) | (_, None) => "-".to_owned(),
    }
}

fn state(change: &ParkedChange) -> String {
    let overtaken = if change.overtaken { ", overtaken" } else { "" };
    format!("{}{overtaken}", change.state.as_str())
}

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Replaces control characters, which a terminal would obey: anybody may have written the message.
fn in_one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared_models::parked::ParkedState;
    use shared_models::side::Side;
    use uuid::Uuid;

    use super::*;

    fn parked(overtaken: bool, record: RecordName, body: Value) -> ParkedAtSide {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        ParkedAtSide::new(
            Side::Warehouse,
            ParkedChange {
                id: Uuid::from_u128(1),
                event_id: Uuid::from_u128(2),
                record,
                state: ParkedState::Parked,
                reason: "odd\n\u{1b}[31m".into(),
                attempts: 3,
                first_at: at("2026-11-20T10:00:00.123Z"),
                last_at: at("2026-11-20T10:05:00Z"),
                offer_at: None,
                overtaken,
                acted_by: None,
                acted_at: None,
                body,
            },
        )
    }

    #[test]
    fn a_row_stands_under_its_head() {
        let parked =
            parked(true, RecordName::new("order", Uuid::from_u128(3).to_string()), json!({}));
        let row = row(&parked);
        let expected = [
            ("ID", "00000000-0000-0000-0000-000000000001"),
            ("SIDE", "warehouse"),
            ("RECORD", "order 00000000-0000-0000-0000-000000000003"),
            ("STATE", "parked, overtaken"),
            ("LAST", "2026-11-20T10:05:00Z"),
            ("REASON", "odd  [31m"),
        ];
        for (name, value) in expected {
            let column = HEAD.find(name).unwrap();
            assert!(row[column..].starts_with(value), "{name}:\n{HEAD}\n{row}");
        }
        assert!(row.contains("  3  "), "{row}");
    }

    #[test]
    fn all_of_a_change_is_shown_whatever_its_message_is() {
        let readable = details(&parked(false, RecordName::default(), json!({"schema": 2})));
        for line in [
            "record     -",
            "direction  warehouse-to-store",
            "offered    not by itself",
            "  \"schema\": 2",
        ] {
            assert!(readable.lines().any(|it| it == line), "{line} is not in\n{readable}");
        }
        let junk = details(&parked(false, RecordName::default(), json!("not JSON\n\u{7}at all")));
        assert!(junk.ends_with("\nnot JSON\n at all\n"), "{junk}");
    }
}
