//! An order, as sent to a caller.

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use shared_models::order::{Delivery, Progress, Status};
use shared_models::revision::Revision;
use uuid::Uuid;

use super::order::Order;

/// An order, as sent to a caller, with the side's own lines and fields.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct Shown<'a, L, O> {
    id: Uuid,
    company: &'a str,
    address: &'a str,
    deliver_by: Option<NaiveDate>,
    comment: Option<&'a str>,
    lines: Vec<L>,
    #[serde(flatten)]
    own: O,
    status: Status,
    carrier: Option<&'a str>,
    tracking: Option<&'a str>,
    /// How often the order has changed here; also its `ETag`.
    version: i64,
    revisions: Revisions,
    /// The time at which it came to this side.
    #[serde(serialize_with = "serialize_time")]
    #[schemars(with = "DateTime<Utc>")]
    created_at: DateTime<Utc>,
    /// The time of its last change here.
    #[serde(serialize_with = "serialize_time")]
    #[schemars(with = "DateTime<Utc>")]
    updated_at: DateTime<Utc>,
}

/// The revisions of the facets: if they are equal at both sides, the sides agree.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FacetRevisions")]
struct Revisions {
    delivery: Revision,
    progress: Revision,
}

impl<'a, L, O> Shown<'a, L, O> {
    /// Shows an order.
    pub fn new<P>(order: &'a Order<P>, lines: Vec<L>, own: O) -> Self {
        let (delivery, progress) = (&order.shared.delivery, &order.shared.progress);
        let revisions = Revisions { delivery: delivery.revision, progress: progress.revision };
        // Every field is named, so that a new one does not compile until it is shown.
        let Delivery { company, address, deliver_by, comment, lines: _, unknown: _ } =
            &delivery.value;
        let Progress { status, carrier, tracking, unknown: _ } = &progress.value;
        Self {
            id: order.id,
            company,
            address,
            deliver_by: *deliver_by,
            comment: comment.as_deref(),
            lines,
            own,
            status: *status,
            carrier: carrier.as_deref(),
            tracking: tracking.as_deref(),
            version: order.version,
            revisions,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

/// Serializes a time in chrono's format, but faster: chrono writes digit by digit, which takes a tenth
/// of the time of answering with a page of orders. chrono handles the rare forms.
fn serialize_time<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    match text(at) {
        Some(text) => to.serialize_str(&String::from_utf8_lossy(&text)),
        None => at.serialize(to),
    }
}

/// Formats a time with six digits after the second, as PostgreSQL stores it.
fn text(at: &DateTime<Utc>) -> Option<[u8; 27]> {
    let year = u32::try_from(at.year()).ok().filter(|year| *year <= 9_999)?;
    let (nanos, micros) = (at.nanosecond(), at.nanosecond() / 1_000);
    let has_six = nanos.is_multiple_of(1_000) && !micros.is_multiple_of(1_000);
    if !has_six || micros >= 1_000_000 {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let parts = [
        (0..4, year),
        (5..7, at.month()),
        (8..10, at.day()),
        (11..13, at.hour()),
        (14..16, at.minute()),
        (17..19, at.second()),
        (20..26, micros),
    ];
    for (place, mut number) in parts {
        for digit in text[place].iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_chrono_writes_it() {
        let seconds = [0, 1_795_285_207, 951_782_399, -1, -62_135_596_800, 253_402_300_799];
        let micros = [0, 1, 10, 999, 1_000, 120_000, 123_456, 999_999];
        for (second, micro) in seconds.iter().flat_map(|second| micros.map(|it| (*second, it))) {
            let at = DateTime::from_timestamp(second, micro * 1_000).unwrap();
            let mut written = vec![];
            serialize_time(&at, &mut serde_json::Serializer::new(&mut written)).unwrap();
            assert_eq!(written, serde_json::to_vec(&at).unwrap(), "{at}");
        }
    }

    #[test]
    fn what_almost_no_time_is_like_is_left_to_chrono() {
        let with_nanos = DateTime::from_timestamp(7, 1).unwrap();
        let leaping = DateTime::from_timestamp(59, 1_123_456_000).unwrap();
        let before_christ = DateTime::from_timestamp(-99_999_999_999, 123_456_000).unwrap();
        assert_eq!([with_nanos, leaping, before_christ].map(|at| text(&at)), [None; 3]);
    }
}
