//! Pages of orders: what a caller may ask for, and the cursor to the next page. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared_models::order::Status;
use uuid::Uuid;

use super::is_storable;
use crate::http::problem::{Kind, Problem};

/// Orders on a page, unless asked for otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// Orders on a page at the most.
pub const MAX_LIMIT: u16 = 500;

/// The query of `GET /v1/orders`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    status: Option<Status>,
    company: Option<String>,
    updated_since: Option<DateTime<Utc>>,
    limit: Option<u16>,
    cursor: Option<String>,
}

/// Which orders are wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filters {
    /// Those that stand so.
    pub status: Option<Status>,
    /// Those of this company.
    pub company: Option<String>,
    /// Those that changed then or later.
    pub updated_since: Option<DateTime<Utc>>,
}

/// An order's place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// When it came to this site.
    pub created_at: DateTime<Utc>,
    /// Its id, among those that came at the same time.
    pub id: Uuid,
}

/// A query that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest {
    /// Which orders are wanted.
    pub filters: Filters,
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

impl PageQuery {
    /// Checks the query.
    pub fn checked(self) -> Result<PageRequest, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(unreadable(format!("limit is {limit}, but goes from 1 to {MAX_LIMIT}")));
        }
        if self.company.as_ref().is_some_and(|company| company.contains('\0')) {
            return Err(unreadable("company holds the character NUL"));
        }
        if self.updated_since.is_some_and(|since| !is_storable(since)) {
            return Err(unreadable("updated_since is not in the years 1 to 9999"));
        }
        let (status, company, updated_since) = (self.status, self.company, self.updated_since);
        let filters = Filters { status, company, updated_since };
        let after = self.cursor.map(|cursor| position(&cursor, &filters)).transpose()?;
        Ok(PageRequest { filters, after, limit })
    }
}

impl PageRequest {
    /// The cursor to the page after the one that ends with `last`.
    #[must_use]
    pub fn cursor_after(&self, last: Position) -> String {
        let cursor = Cursor { after: last, filters: digest(&self.filters) };
        URL_SAFE_NO_PAD.encode(serde_json::json!(cursor).to_string())
    }

    /// The query string of the page at `cursor`.
    #[must_use]
    pub fn query_of(&self, cursor: &str) -> String {
        let Filters { status, company, updated_since } = &self.filters;
        let since = updated_since.map(|since| since.to_rfc3339());
        let pairs = [
            ("status", status.map(|status| status.as_str().to_owned())),
            ("company", company.clone()),
            ("updated_since", since),
            ("limit", Some(self.limit.to_string())),
            ("cursor", Some(cursor.to_owned())),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }
}

fn position(cursor: &str, filters: &Filters) -> Result<Position, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
    match read {
        Some(Cursor { after, .. }) if !is_storable(after.created_at) => {
            Err(unreadable("the cursor is none that was given out"))
        }
        Some(Cursor { after, filters: made_for }) if made_for == digest(filters) => Ok(after),
        Some(_) => Err(unreadable(
            "the cursor was made for other filters; use the ones it came with, or none",
        )),
        None => Err(unreadable("the cursor cannot be read; take it from next, as it is")),
    }
}

fn digest(filters: &Filters) -> String {
    let digest = Sha256::digest(serde_json::json!(filters).to_string());
    URL_SAFE_NO_PAD.encode(&digest[..9])
}

fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<PageRequest, Problem> {
        actix_web::web::Query::<PageQuery>::from_query(text).unwrap().into_inner().checked()
    }

    fn last() -> Position {
        Position { created_at: DateTime::UNIX_EPOCH, id: Uuid::from_u128(7) }
    }

    #[test]
    fn a_cursor_leads_on_from_where_it_was_made() {
        let first = query("status=shipped&company=A%26B&limit=2").unwrap();
        let next = query(&first.query_of(&first.cursor_after(last()))).unwrap();
        assert_eq!(next, PageRequest { after: Some(last()), ..first });
    }

    #[test]
    fn a_cursor_is_bound_to_its_filters() {
        let cursor = query("status=shipped").unwrap().cursor_after(last());
        assert!(query(&format!("status=shipped&cursor={cursor}")).is_ok());
        assert!(query(&format!("status=packed&cursor={cursor}")).is_err());
        assert!(query(&format!("cursor={cursor}")).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in ["limit=0", "limit=501", "cursor=%00", "cursor=e30", "company=a%00b"] {
            assert!(query(wrong).is_err(), "{wrong}");
        }
        assert_eq!(query("").unwrap().limit, DEFAULT_LIMIT);
    }
}
