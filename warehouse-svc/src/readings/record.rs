//! A stock reading: what it is, how it is read from a caller and shown, and its events. Pure.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use program_kit::http::page::is_storable;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service_kit::change_log::Change;
use shared_models::SCHEMA;
use shared_models::side::Side;
use shared_models::trace::TraceContext;
use uuid::Uuid;

/// The name of the resource.
pub(super) const RESOURCE: &str = "reading";
/// The side that keeps readings.
const SIDE: Side = Side::Warehouse;
/// The most characters of a GTIN.
const GTIN: usize = 64;
/// The most characters of a date or a time.
pub(super) const TIME: usize = 40;
/// The texts that are no GTIN because they mean something else in a path.
const IN_PATHS: [&str; 3] = [".", "..", "changes"];

/// The state of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) gtin: String,
    /// The time of the reading, by the clock of who took it.
    pub(super) updated_at: DateTime<Utc>,
    /// `None` only if it is removed.
    pub(super) expiration: Option<Expiration>,
    pub(super) deleted: bool,
}

/// A date of expiration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expiration {
    /// The date or the time, as it came.
    pub(super) text: String,
    /// The same as an instant: of a date, its beginning in UTC.
    pub(super) at: DateTime<Utc>,
}

/// A reading as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) state: State,
    pub(super) version: i64,
}

/// A reading, as sent to a caller: `{gtin, updated_at, expiration_date}`, and of a removed one
/// `{gtin, updated_at, deleted: true}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Reading")]
pub(super) struct Shown<'a> {
    gtin: Cow<'a, str>,
    updated_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

impl From<State> for Shown<'_> {
    fn from(state: State) -> Self {
        let State { gtin, updated_at, expiration, deleted } = state;
        let expiration_date = expiration.filter(|_| !deleted).map(|it| it.text.into());
        Self { gtin: gtin.into(), updated_at, expiration_date, deleted }
    }
}

/// A reading, as a caller sends it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UploadedReading")]
pub(super) struct Sent {
    #[schemars(schema_with = "super::describe::gtin")]
    gtin: String,
    /// The time of the reading, such as 2026-11-28T09:30:00Z; without a zone it is UTC.
    #[schemars(length(max = TIME))]
    updated_at: String,
    /// A date such as 2027-03-31, or a time; left out of a reading that is removed.
    #[schemars(length(max = TIME))]
    expiration_date: Option<String>,
    /// Set if the reading is removed.
    #[serde(default)]
    deleted: bool,
}

impl Sent {
    /// Checks a reading that must not be dated after `latest`.
    pub(super) fn checked(self, latest: DateTime<Utc>) -> Result<State, Vec<FieldError>> {
        let Self { gtin, updated_at, expiration_date, deleted } = self;
        let gtin = if is_gtin(&gtin) { Ok(gtin) } else { Err(wrong("gtin", "is not a GTIN")) };
        let updated_at = checked_time(&updated_at, latest);
        let expiration = match expiration_date {
            None if deleted => Ok(None),
            None => Err(wrong("expiration_date", "is missing")),
            Some(text) => expiration(text).map(Some),
        };
        match (gtin, updated_at, expiration) {
            (Ok(gtin), Ok(updated_at), Ok(expiration)) => {
                Ok(State { gtin, updated_at, expiration, deleted })
            }
            (gtin, updated_at, expiration) => {
                let errors = [gtin.err(), updated_at.err(), expiration.err()];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }
}

/// Returns what the fields of the bodies may be.
pub(super) fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "gtin" => Some("1 to 64 characters without spaces"),
        "updated_at" | "last_sync_date" => {
            Some("a time such as 2026-11-28T09:30:00Z; without a zone it is UTC")
        }
        "expiration_date" => {
            Some("a date such as 2027-03-31, or a time such as 2027-03-31T00:00:00Z")
        }
        "deleted" => Some("true for a reading that is removed, or no such field"),
        "newly_created_records" => Some("a list of up to 5,000 readings"),
        "cursor" => Some("start, or the cursor of an earlier answer, unchanged"),
        _ => None,
    }
}

/// Creates the error of a field.
pub(super) fn wrong(field: &str, problem: impl Into<String>) -> FieldError {
    FieldError::new(field, problem, expectation)
}

/// Returns whether a text can be a GTIN.
pub(super) fn is_gtin(text: &str) -> bool {
    let fits = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let is_short = text.chars().take(GTIN + 1).count() <= GTIN;
    !text.is_empty() && is_short && text.chars().all(fits) && !IN_PATHS.contains(&text)
}

/// Returns the time that a reading is dated, which must not be after `latest`.
pub(super) fn checked_time(text: &str, latest: DateTime<Utc>) -> Result<DateTime<Utc>, FieldError> {
    match time(text) {
        None => Err(wrong("updated_at", "is not a time")),
        Some(at) if at > latest => {
            let problem = format!(
                "is {at}, but readings are taken up to {latest} (readings.clock_margin ahead of the \
                 clock here): one that is dated too far ahead would win for as long"
            );
            Err(wrong("updated_at", problem))
        }
        Some(at) => Ok(at),
    }
}

/// Returns the time that a text stands for, to the microsecond; without a zone it is UTC.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    if text.len() > TIME {
        return None;
    }
    // chrono also takes spaces and signs before numbers.
    let is_plain = |(index, letter): (usize, u8)| {
        letter.is_ascii_digit()
            || matches!(letter, b'-' | b':' | b'.' | b'T' | b't' | b'Z' | b'z')
            || (letter == b' ' && index == 10)
            || (letter == b'+' && index > 10)
    };
    if !text.bytes().enumerate().all(is_plain) {
        return None;
    }
    let without_zone = || {
        let format =
            if text.contains('T') { "%Y-%m-%dT%H:%M:%S%.f" } else { "%Y-%m-%d %H:%M:%S%.f" };
        NaiveDateTime::parse_from_str(text, format).ok().map(|at| at.and_utc())
    };
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok().or_else(without_zone)?;
    // As PostgreSQL keeps it, a leap second too.
    DateTime::from_timestamp_micros(at.timestamp_micros()).filter(|at| is_storable(*at))
}

/// Parses a date of expiration.
pub(super) fn expiration(text: String) -> Result<Expiration, FieldError> {
    let of_date = |text: &str| {
        let is_plain = text.len() == 10 && text.bytes().all(|it| it.is_ascii_digit() || it == b'-');
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_plain)?;
        Some(date.and_time(NaiveTime::MIN).and_utc()).filter(|at| is_storable(*at))
    };
    match of_date(&text).or_else(|| time(&text)) {
        Some(at) => Ok(Expiration { text, at }),
        None => Err(wrong("expiration_date", "is neither a date nor a time")),
    }
}

/// The kind of a change of a reading, which is also its routing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Kind {
    /// The reading was created, overwritten or brought back.
    #[serde(rename = "reading.changed")]
    Changed,
    /// The reading was removed.
    #[serde(rename = "reading.removed")]
    Removed,
    /// The reading was published again, as it is.
    #[serde(rename = "reading.offered")]
    Offered,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "reading.changed",
            Self::Removed => "reading.removed",
            Self::Offered => "reading.offered",
        }
    }
}

/// The event of a reading, as it is stored and published.
#[derive(Clone, Debug, Serialize)]
struct Event<'a> {
    schema: u32,
    id: Uuid,
    kind: Kind,
    origin: Side,
    gtin: &'a str,
    version: i64,
    at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    expiration_date: Option<&'a str>,
    deleted: bool,
    /// The client that uploaded it, as its cursors name it.
    client: Option<Uuid>,
}

/// Who makes a change, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Author<'a> {
    pub(super) at: DateTime<Utc>,
    pub(super) principal: Option<&'a str>,
    pub(super) trace: Option<TraceContext>,
    pub(super) client: Option<Uuid>,
}

impl Reading {
    /// Returns the change that made a reading what it is.
    pub(super) fn changed(&self, author: Author<'_>) -> Result<Change, serde_json::Error> {
        let kind = if self.state.deleted { Kind::Removed } else { Kind::Changed };
        self.change(kind, author)
    }

    /// Returns an offer of a reading.
    pub(super) fn offered(&self, author: Author<'_>) -> Result<Change, serde_json::Error> {
        self.change(Kind::Offered, author)
    }

    fn change(&self, kind: Kind, author: Author<'_>) -> Result<Change, serde_json::Error> {
        let Self { state: State { gtin, updated_at, expiration, deleted }, version } = self;
        let event = Event {
            schema: SCHEMA,
            id: Uuid::now_v7(),
            kind,
            origin: SIDE,
            gtin,
            version: *version,
            at: author.at,
            updated_at: *updated_at,
            expiration_date: expiration.as_ref().map(|it| it.text.as_str()),
            deleted: *deleted,
            client: author.client,
        };
        Ok(Change {
            event_id: event.id,
            resource: RESOURCE,
            key: gtin.clone(),
            kind: kind.as_str(),
            origin: SIDE,
            version: *version,
            at: author.at,
            body: serde_json::to_string(&event)?,
            conflicts: None,
            to_publish: true,
            principal: author.principal.map(str::to_owned),
            trace: author.trace,
        })
    }
}

/// What a sync reads out of an event.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Seen<'a> {
    #[serde(borrow)]
    pub(super) gtin: Cow<'a, str>,
    pub(super) updated_at: DateTime<Utc>,
    /// A date or a time has no letter that JSON escapes.
    expiration_date: Option<&'a str>,
    deleted: bool,
    pub(super) client: Option<Uuid>,
}

impl<'a> Seen<'a> {
    /// Shows the reading as it was after the event.
    pub(super) fn show(self) -> Shown<'a> {
        let Self { gtin, updated_at, expiration_date, deleted, .. } = self;
        let expiration_date = expiration_date.filter(|_| !deleted).map(Cow::from);
        Shown { gtin, updated_at, expiration_date, deleted }
    }
}
