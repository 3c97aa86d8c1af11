//! The position of a page in the parked changes of both sides. Pure.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use shared_models::side::Side;

/// The start of a page; the store's pages come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The side that the page is from.
    pub side: Side,
    /// The side's own cursor; `None` on its first page.
    pub cursor: Option<String>,
}

impl Place {
    /// Returns the first page of this side, or of both.
    #[must_use]
    pub fn first(side: Option<Side>) -> Self {
        Self { side: side.unwrap_or(Side::Store), cursor: None }
    }

    /// Returns the start of the next page, if there is one. `link` is the side's own link to its
    /// next page, and `only` the one side that is asked.
    #[must_use]
    pub fn next(&self, link: Option<&str>, only: Option<Side>) -> Option<Self> {
        let cursor = link.and_then(cursor_in);
        match (self.side, only) {
            (side, _) if cursor.is_some() => Some(Self { side, cursor }),
            (Side::Store, None) => Some(Self::first(Some(Side::Warehouse))),
            (Side::Store, Some(_)) | (Side::Warehouse, _) => None,
        }
    }
}

/// Extracts the cursor from a side's link, a path: `/v1/parked?state=parked&limit=50&cursor=…`.
fn cursor_in(link: &str) -> Option<String> {
    let link = Url::parse("http://side").ok()?.join(link).ok()?;
    link.query_pairs().find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.side, self.cursor.as_deref().unwrap_or_default())
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = text.split_once('.').and_then(|(side, cursor)| {
            let side = Side::ALL.into_iter().find(|known| known.as_str() == side)?;
            Some(Self { side, cursor: Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty()) })
        });
        read.ok_or("the cursor is invalid; expected one from `next`, unchanged")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(side: Side, cursor: Option<&str>) -> Place {
        Place { side, cursor: cursor.map(str::to_owned) }
    }

    #[test]
    fn a_list_goes_through_the_store_and_then_through_the_warehouse() {
        let link = Some("/v1/parked?state=all&cursor=a%2Bb&limit=2");
        let (store, warehouse) = (Side::Store, Side::Warehouse);
        let cases = [
            (store, None, link, Some(at(store, Some("a+b")))),
            (store, None, None, Some(at(warehouse, None))),
            (warehouse, None, link, Some(at(warehouse, Some("a+b")))),
            (warehouse, None, None, None),
            (store, Some(store), link, Some(at(store, Some("a+b")))),
            (store, Some(store), None, None),
            (warehouse, Some(warehouse), None, None),
        ];
        for (side, only, link, expected) in cases {
            assert_eq!(at(side, Some("x")).next(link, only), expected, "{side} {only:?} {link:?}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for place in [at(Side::Store, Some("eyJ.x_-")), at(Side::Warehouse, None)] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", ".", "store", "shop.", "x.store"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
