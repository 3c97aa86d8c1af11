//! The query for a page of orders. Pure.

use chrono::{DateTime, Utc};
use program_kit::http::page::{MAX_LIMIT, PageRequest, is_storable, unreadable};
use program_kit::http::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::order::Status;

/// The query of `GET /v1/orders`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The status of the orders.
    status: Option<Status>,
    /// The company, letter by letter.
    company: Option<String>,
    /// The time at or after which they changed here.
    updated_since: Option<DateTime<Utc>>,
    /// The most orders on the page; 50 where it is left out.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: Option<u16>,
    /// The cursor of the page, from `next` of the page before.
    cursor: Option<String>,
}

/// The filters of a list of orders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filters {
    /// Orders in this status.
    pub status: Option<Status>,
    /// Orders of this company.
    pub company: Option<String>,
    /// Orders that changed at this time or later.
    pub updated_since: Option<DateTime<Utc>>,
}

/// The index by which a list of orders is read, in the list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index<'a> {
    /// The index of all orders.
    Newest,
    /// The index of the orders of a company.
    Company(&'a str),
    /// The index of the orders in a rare status.
    Rare(Status),
}

impl Filters {
    /// Returns the index to read by: of the company, if one is given, else of a rare status.
    #[must_use]
    pub fn index(&self) -> Index<'_> {
        match (&self.company, self.status) {
            (Some(company), _) => Index::Company(company),
            (None, Some(status)) if is_rare(status) => Index::Rare(status),
            (None, Some(_) | None) => Index::Newest,
        }
    }

    /// Returns whether every order that the index finds matches the filters.
    #[must_use]
    pub fn are_covered_by_index(&self) -> bool {
        let status_is_left = match self.index() {
            Index::Rare(_) => false,
            Index::Newest | Index::Company(_) => self.status.is_some(),
        };
        !status_is_left && self.updated_since.is_none()
    }
}

/// Returns whether few orders have this status: those are in the index `orders_of_rare_status`.
const fn is_rare(status: Status) -> bool {
    match status {
        Status::Picking | Status::Packed | Status::Voided => true,
        Status::Placed | Status::Shipped | Status::Delivered => false,
    }
}

impl PageQuery {
    /// Checks the query.
    pub fn checked(self) -> Result<PageRequest<Filters>, Problem> {
        if self.company.as_ref().is_some_and(|company| company.contains('\0')) {
            return Err(unreadable("company contains the character NUL"));
        }
        if self.updated_since.is_some_and(|since| !is_storable(since)) {
            return Err(unreadable("expected updated_since in the years 1 to 9999"));
        }
        let (status, company, updated_since) = (self.status, self.company, self.updated_since);
        let filters = Filters { status, company, updated_since };
        PageRequest::new(filters, self.limit, self.cursor.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use program_kit::http::page::Position;

    fn query(text: &str) -> Result<PageRequest<Filters>, Problem> {
        actix_web::web::Query::<PageQuery>::from_query(text).unwrap().into_inner().checked()
    }

    fn last() -> Position {
        Position { at: DateTime::UNIX_EPOCH, id: Uuid::from_u128(7) }
    }

    #[test]
    fn a_cursor_leads_on_from_where_it_was_made() {
        let first =
            query("status=shipped&company=A%26B&updated_since=2026-11-20T00:00:00Z&limit=2")
                .unwrap();
        let next = query(&first.query_after(last())).unwrap();
        assert_eq!(next, PageRequest { after: Some(last()), ..first });
    }

    #[test]
    fn a_cursor_is_bound_to_its_filters() {
        let next = query("status=shipped").unwrap().query_after(last());
        let cursor = next.split("cursor=").nth(1).unwrap();
        assert!(query(&format!("status=shipped&cursor={cursor}")).is_ok());
        assert!(query(&format!("status=packed&cursor={cursor}")).is_err());
        assert!(query(&format!("cursor={cursor}")).is_err());
    }

    #[test]
    fn what_the_index_does_not_answer_is_known_to_be_left() {
        for (text, index, answered) in [
            ("", Index::Newest, true),
            ("company=A", Index::Company("A"), true),
            ("status=picking", Index::Rare(Status::Picking), true),
            ("status=placed", Index::Newest, false),
            ("status=picking&company=A", Index::Company("A"), false),
            (
                "status=voided&updated_since=2026-11-20T00:00:00Z",
                Index::Rare(Status::Voided),
                false,
            ),
            ("updated_since=2026-11-20T00:00:00Z", Index::Newest, false),
        ] {
            let filters = query(text).unwrap().filters;
            assert_eq!(filters.index(), index, "{text}");
            assert_eq!(filters.are_covered_by_index(), answered, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in ["limit=0", "limit=501", "cursor=%00", "cursor=e30", "company=a%00b"] {
            assert!(query(wrong).is_err(), "{wrong}");
        }
        assert_eq!(query("").unwrap().limit, 50);
    }
}
