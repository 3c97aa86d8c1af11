//! Pages of a list, newest first: how many items, from where, and the cursor to the next one. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::problem::{Kind, Problem};

/// Items on a page, unless asked for otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// Items on a page at the most.
pub const MAX_LIMIT: u16 = 500;

/// An item's place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// When it came to this site.
    pub at: DateTime<Utc>,
    /// Its id, among those that came at the same time.
    pub id: Uuid,
}

/// What is wanted of a list. `F` says which items; as JSON it is an object of texts and nulls,
/// named as in the query.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest<F> {
    /// Which items are wanted.
    pub filters: F,
    /// The last one of the page before.
    pub after: Option<Position>,
    /// How many at the most.
    pub limit: u16,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    after: Position,
    /// A cursor is good for the filters that it was made with.
    filters: String,
}

impl<F: Serialize> PageRequest<F> {
    /// Checks what a caller has asked for.
    pub fn new(filters: F, limit: Option<u16>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(unreadable(format!("limit is {limit}, but goes from 1 to {MAX_LIMIT}")));
        }
        let after = cursor.map(|cursor| position(cursor, &digest(&filters))).transpose()?;
        Ok(Self { filters, after, limit })
    }

    /// How many items to read: one more than asked for tells whether there is a next page.
    #[must_use]
    pub fn to_read(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts what was read to the page; gives the last item's place where there is a next page.
    pub fn cut<T>(&self, read: &mut Vec<T>, place: impl Fn(&T) -> Position) -> Option<Position> {
        let more = read.len() > usize::from(self.limit);
        read.truncate(self.limit.into());
        read.last().filter(|_| more).map(place)
    }

    /// The query string of the page after the one that ends with `last`.
    #[must_use]
    pub fn query_after(&self, last: Position) -> String {
        let cursor = Cursor { after: last, filters: digest(&self.filters) };
        let cursor = URL_SAFE_NO_PAD.encode(serde_json::json!(cursor).to_string());
        let filters = serde_json::json!(self.filters);
        let filters = filters.as_object().into_iter().flatten();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(filters.filter_map(|(name, value)| Some((name, value.as_str()?))))
            .append_pair("limit", &self.limit.to_string())
            .append_pair("cursor", &cursor)
            .finish()
    }
}

fn position(cursor: &str, filters: &str) -> Result<Position, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
    match read {
        Some(Cursor { after, .. }) if !is_storable(after.at) => {
            Err(unreadable("the cursor is none that was given out"))
        }
        Some(Cursor { after, filters: made_for }) if made_for == filters => Ok(after),
        Some(_) => Err(unreadable(
            "the cursor was made for other filters; use the ones it came with, or none",
        )),
        None => Err(unreadable("the cursor cannot be read; take it from next, as it is")),
    }
}

fn digest(filters: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::json!(filters).to_string());
    URL_SAFE_NO_PAD.encode(&digest[..9])
}

/// What a caller asks for makes no sense.
pub fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}

/// Whether a time is one that a caller can mean: JSON has a notation for the years up to 9999, and
/// PostgreSQL does not know every time that chrono does.
#[must_use]
pub fn is_storable(time: DateTime<Utc>) -> bool {
    (1..=9999).contains(&time.year())
}
