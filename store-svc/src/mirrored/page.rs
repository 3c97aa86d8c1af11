//! Numbered pages: `{count, next, previous, results}`, as the callers of posts and comments know them.
//! Pure.

use actix_web::HttpRequest;
use program_kit::http::page::unreadable;
use program_kit::http::problem::{Kind, Problem};
use serde::Serialize;

/// The default number of records on a page.
const DEFAULT_SIZE: i64 = 10;
/// The largest number of records on a page.
pub(crate) const MAX_SIZE: i64 = 100;

/// The page that a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageWanted {
    number: Number,
    /// The number of records on a page.
    pub(crate) size: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Nth(i64),
    Last,
}

impl PageWanted {
    /// Checks the parameters `page` and `page_size`.
    pub(crate) fn new(page: Option<&str>, size: Option<&str>) -> Result<Self, Problem> {
        let size = size.map_or(Some(DEFAULT_SIZE), whole).filter(|size| *size <= MAX_SIZE);
        let Some(size) = size else {
            return Err(unreadable(format!("expected a page_size from 1 to {MAX_SIZE}")));
        };
        let number = match page {
            None => Number::Nth(1),
            Some("last") => Number::Last,
            Some(text) => Number::Nth(whole(text).ok_or_else(|| no_page(text))?),
        };
        Ok(Self { number, size })
    }

    /// Returns the number of the page, if there are as many records.
    pub(crate) fn number(self, count: i64) -> Result<i64, Problem> {
        let last = ((count + self.size - 1) / self.size).max(1);
        match self.number {
            Number::Last => Ok(last),
            Number::Nth(number) if number <= last => Ok(number),
            Number::Nth(number) => Err(no_page(&number.to_string())),
        }
    }
}

/// Reads a positive whole number.
fn whole(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_plain && *number > 0)
}

fn no_page(page: &str) -> Problem {
    let detail =
        format!("there is no page {page:?}; pages are numbered from 1, and last is the last one");
    Problem::new(Kind::NotFound, detail)
}

/// A page, as sent.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    /// The number of records of all pages.
    count: i64,
    /// The whole URL of the next page.
    next: Option<String>,
    /// The whole URL of the page before.
    previous: Option<String>,
    results: Vec<T>,
}

impl<T> Page<T> {
    /// Builds a page of the list that a request asked for.
    pub(crate) fn of(
        results: Vec<T>,
        count: i64,
        (number, size): (i64, i64),
        request: &HttpRequest,
    ) -> Self {
        let address = |number| address(request, number);
        Self {
            count,
            next: (number * size < count).then(|| address(number + 1)),
            previous: (number > 1).then(|| address(number - 1)),
            results,
        }
    }
}

/// Returns the whole URL of a page: that of the request, with another number. Behind a proxy it is the
/// address that the proxy names in `Forwarded` or `X-Forwarded-Host`.
fn address(request: &HttpRequest, number: i64) -> String {
    let (connection, uri) = (request.connection_info(), request.uri());
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.filter(|(name, _)| name != "page"))
        .append_pair("page", &number.to_string())
        .finish();
    format!("{}://{}{}?{query}", connection.scheme(), connection.host(), uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_from_one_to_the_last() {
        let number = |page: Option<&str>, count| {
            PageWanted::new(page, None).and_then(|wanted| wanted.number(count)).ok()
        };
        for (count, last) in [(0, 1), (1, 1), (10, 1), (11, 2), (1_000_001, 100_001)] {
            assert_eq!(number(None, count), Some(1));
            assert_eq!(number(Some("last"), count), Some(last));
            assert_eq!(number(Some(&last.to_string()), count), Some(last));
            assert_eq!(number(Some(&(last + 1).to_string()), count), None);
        }
        for page in ["0", "-1", "+1", "x", "", "1.0", "LAST", "9223372036854775808"] {
            assert_eq!(number(Some(page), 100), None, "{page}");
        }
    }

    #[test]
    fn a_page_has_up_to_a_hundred_records() {
        let size = |size| PageWanted::new(None, size).map(|wanted| wanted.size).ok();
        assert_eq!(size(None), Some(10));
        for (text, expected) in [("1", Some(1)), ("100", Some(100)), ("101", None), ("0", None)] {
            assert_eq!(size(Some(text)), expected);
        }
        for text in ["", "x", "-1", "1e1", "99999999999999999999"] {
            assert_eq!(size(Some(text)), None, "{text}");
        }
    }
}
