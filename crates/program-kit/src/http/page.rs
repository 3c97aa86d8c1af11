//! Pages of a list, newest first: limit, position, and the cursor of the next page.

use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, Utc};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::problem::{Kind, Problem};

/// The default number of items on a page.
const DEFAULT_LIMIT: u16 = 50;
/// The largest number of items on a page.
pub const MAX_LIMIT: u16 = 500;

/// An item's position in its list. `I` is the type of its id.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position<I = Uuid> {
    /// The time at which it came to this side.
    pub at: DateTime<Utc>,
    /// The item's id, among those of the same time.
    pub id: I,
}

/// A request for a page. `F` are its filters; as JSON they are an object of texts and nulls, named
/// as in the query.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest<F, I = Uuid> {
    /// The filters.
    pub filters: F,
    /// The last item of the previous page.
    pub after: Option<Position<I>>,
    /// The largest number of items.
    pub limit: u16,
}

#[derive(Serialize, Deserialize)]
struct Cursor<I> {
    after: Position<I>,
    /// The digest of the filters that the cursor was made with, and is valid for.
    filters: String,
}

impl<I: DeserializeOwned> Cursor<I> {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Position {
    /// Returns the position after which the page at a link goes on: further back than the last item of the
    /// page before, if that ended early. `None` for the link of another version.
    #[must_use]
    pub fn of_link(link: &str) -> Option<Self> {
        let (_, query) = link.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let (_, cursor) = pairs.find(|(name, _)| name == "cursor")?;
        Some(Cursor::parse(&cursor)?.after)
    }
}

impl<F: Serialize, I: Serialize + DeserializeOwned> PageRequest<F, I> {
    /// Checks a caller's query.
    pub fn new(filters: F, limit: Option<u16>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(unreadable(format!(
                "expected a limit from 1 to {MAX_LIMIT}; found {limit}"
            )));
        }
        let after = cursor.map(|cursor| position(cursor, &digest(&filters))).transpose()?;
        Ok(Self { filters, after, limit })
    }

    /// Returns how many items to read: one more than requested shows whether there is a next page.
    #[must_use]
    pub fn to_read(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the items to the page; returns the last one's position if there is a next page.
    pub fn cut<T>(
        &self,
        read: &mut Vec<T>,
        place: impl Fn(&T) -> Position<I>,
    ) -> Option<Position<I>> {
        let more = read.len() > usize::from(self.limit);
        read.truncate(self.limit.into());
        read.last().filter(|_| more).map(place)
    }

    /// Returns the query string of the page after `last`.
    #[must_use]
    pub fn query_after(&self, last: Position<I>) -> String {
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

/// A page, as sent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The items on the page.
    pub items: Vec<T>,
    /// The link to the next page; null on the last.
    pub next: Option<String>,
    /// `false`, and only then sent, if the page ends early, at the limit of items that one request
    /// may read. `next` continues from there, even from an empty page.
    #[serde(skip_serializing_if = "is_true")]
    pub complete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_true(complete: &bool) -> bool {
    *complete
}

impl<T: Serialize> Page<T> {
    /// Builds the requested page of the list at `path`; `last` is set if there is a next one.
    pub fn of<F: Serialize, I: Serialize + DeserializeOwned>(
        items: Vec<T>,
        request: &PageRequest<F, I>,
        last: Option<Position<I>>,
        path: &str,
    ) -> Self {
        let next = last.map(|last| format!("{path}?{}", request.query_after(last)));
        Self { items, next, complete: true }
    }

    /// Answers with the page, and a link to the next one.
    pub fn answer(&self) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            response.insert_header((LINK, format!("<{next}>; rel=\"next\"")));
        }
        response.json(self)
    }
}

fn position<I: DeserializeOwned>(cursor: &str, filters: &str) -> Result<Position<I>, Problem> {
    match Cursor::parse(cursor) {
        Some(Cursor { after, .. }) if !is_storable(after.at) => {
            Err(unreadable("the cursor is not one from a page's next link"))
        }
        Some(Cursor { after, filters: made_for }) if made_for == filters => Ok(after),
        Some(_) => Err(unreadable(
            "the cursor belongs to other filters; repeat those filters, or omit the cursor",
        )),
        None => Err(unreadable(
            "the cursor cannot be parsed; copy it unchanged from a page's next link",
        )),
    }
}

fn digest(filters: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::json!(filters).to_string());
    URL_SAFE_NO_PAD.encode(&digest[..9])
}

/// Returns the problem of a query that cannot be parsed.
pub fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}

/// Returns whether a time is acceptable: JSON can express years up to 9999, and PostgreSQL cannot
/// store every time that chrono can.
#[must_use]
pub fn is_storable(time: DateTime<Utc>) -> bool {
    (1..=9999).contains(&time.year())
}
