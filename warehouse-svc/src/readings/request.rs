//! The body of `POST /v1/sync`, and its checks. Pure.

use chrono::{DateTime, Utc};
use program_kit::http::body::{UnparsedBody, parse_value};
use program_kit::http::object::Object;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use service_kit::error::Error;
use service_kit::feed::Place;

use super::cursor::SyncCursor;
use super::record::{Sent, State, TIME, expectation, time, wrong};
use super::rules::newest_of_each;

/// The most readings in one upload.
const MAX_UPLOAD: usize = 5_000;

/// The body of a sync.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SyncOfReadings")]
pub(super) struct SyncBody<R> {
    /// The time of the last sync, of a client without a cursor.
    #[schemars(length(max = TIME))]
    last_sync_date: Option<String>,
    /// The readings, at most 5,000.
    #[serde(default = "Vec::new")]
    #[schemars(length(max = MAX_UPLOAD), default)]
    newly_created_records: Vec<R>,
    /// The cursor of the last answer; `start` for everything.
    cursor: Option<String>,
}

/// What a client lacks is found by its cursor or, if it has none, by a date.
#[derive(Clone, Copy, Debug)]
pub(super) enum Since {
    /// The date of a client that knows only dates.
    Date(DateTime<Utc>),
    /// The client's cursor.
    Cursor,
}

/// A sync that is checked.
#[derive(Debug)]
pub(super) struct SyncRequest {
    pub(super) since: Since,
    pub(super) cursor: SyncCursor,
    /// The newest reading of each GTIN, in the order of GTINs.
    pub(super) uploaded: Vec<State>,
    /// The GTINs that occurred more than once.
    pub(super) duplicates: Vec<String>,
}

impl SyncRequest {
    /// Parses a body. No reading may be dated after `latest`.
    pub(super) fn parse(body: &UnparsedBody, latest: DateTime<Utc>) -> Result<Self, Error> {
        let checked = match body.parse_fast::<Object<SyncBody<Object<Sent>>>>() {
            Some(Object(body)) => Self::check(body, |Object(sent)| sent.checked(latest)),
            None => Self::check(body.parse::<SyncBody<Value>>()?, |value| {
                let sent = parse_value::<Sent>(value, expectation).map_err(|error| vec![error])?;
                sent.checked(latest)
            }),
        };
        checked.map_err(Error::Invalid)
    }

    /// Checks all of a request, and collects the errors.
    fn check<R>(
        body: SyncBody<R>,
        record: impl Fn(R) -> Result<State, Vec<FieldError>>,
    ) -> Result<Self, Vec<FieldError>> {
        let SyncBody { last_sync_date, newly_created_records: records, cursor } = body;
        if records.len() > MAX_UPLOAD {
            return Err(vec![wrong("newly_created_records", format!("has {}", records.len()))]);
        }
        let (mut states, mut errors) = (Vec::with_capacity(records.len()), vec![]);
        for (index, sent) in records.into_iter().enumerate() {
            match record(sent) {
                Ok(state) => states.push(state),
                Err(wrong) => errors.extend(wrong.into_iter().map(|error| in_upload(index, error))),
            }
        }
        match since(last_sync_date.as_deref(), cursor.as_deref()) {
            Ok((since, cursor)) if errors.is_empty() => {
                let (uploaded, duplicates) = newest_of_each(states);
                Ok(Self { since, cursor, uploaded, duplicates })
            }
            Ok(_) => Err(errors),
            Err(of_since) => Err([of_since, errors].concat()),
        }
    }
}

fn since(
    last_sync_date: Option<&str>,
    cursor: Option<&str>,
) -> Result<(Since, SyncCursor), Vec<FieldError>> {
    let date = last_sync_date
        .map(|text| time(text).ok_or_else(|| wrong("last_sync_date", "is not a time")))
        .transpose();
    let cursor = cursor
        .map(|text| SyncCursor::parse(text).ok_or_else(|| wrong("cursor", "cannot be parsed")))
        .transpose();
    match (cursor, date) {
        (Ok(Some(cursor)), Ok(_)) => Ok((Since::Cursor, cursor)),
        (Ok(None), Ok(Some(date))) => Ok((Since::Date(date), SyncCursor::first(Place::Now))),
        (Ok(None), Ok(None)) => Err(vec![wrong("last_sync_date", "is missing, as is a cursor")]),
        (cursor, date) => Err([cursor.err(), date.err()].into_iter().flatten().collect()),
    }
}

fn in_upload(index: usize, error: FieldError) -> FieldError {
    let field = match error.field.as_str() {
        "body" => format!("newly_created_records[{index}]"),
        field => format!("newly_created_records[{index}].{field}"),
    };
    FieldError { field, ..error }
}
