//! Pages of records: the query of a list, and its answer. Pure.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use program_kit::http::page::{Page, PageRequest, Position, unreadable};
use program_kit::http::problem::Problem;
use serde::Serialize;

use super::kind::Kind;

/// A page, or the part of it that was found within the limit.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    /// The last one that was read, if there may be more after it.
    pub(crate) scanned_to: Option<Position<i64>>,
}

/// The filters of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    /// The fields, and their texts; the source is one of them.
    pub(super) texts: Vec<(&'static str, String)>,
    pub(super) active: Option<bool>,
}

/// As texts, for the query of the next page.
impl Serialize for Filters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = self.texts.iter().map(|(name, text)| (*name, text.as_str()));
        let active = self.active.map(|active| ("active", if active { "true" } else { "false" }));
        texts.chain(active).collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

const SOURCE: &str = "source";

impl Filters {
    /// Returns the filter by whose index the list is read, if there is one.
    pub(super) fn indexed(&self) -> Option<(&'static str, &str)> {
        let mut texts = self.texts.iter().filter(|(name, _)| *name != SOURCE);
        texts.next().map(|(name, text)| (*name, text.as_str()))
    }

    /// Returns whether every record that the index finds matches the filters.
    pub(super) fn are_covered_by_index(&self) -> bool {
        self.active.is_none() && self.texts.len() == usize::from(self.indexed().is_some())
    }
}

/// Parses the query of a list.
pub(super) fn request(
    kind: &Kind,
    query: Vec<(String, String)>,
) -> Result<PageRequest<Filters, i64>, Problem> {
    let mut all = BTreeMap::new();
    for (name, text) in query {
        if all.insert(name.clone(), text).is_some() {
            return Err(unreadable(format!("{name} is given twice; expected it once")));
        }
    }
    let mut filters = Filters::default();
    let names = kind.fields.iter().filter(|field| field.is_filter).map(|field| field.name);
    for name in names.chain([SOURCE]) {
        match all.remove(name) {
            Some(text) if text.contains('\0') => {
                return Err(unreadable(format!("{name} contains the character NUL")));
            }
            Some(text) => filters.texts.push((name, text)),
            None => {}
        }
    }
    filters.active = all.remove("active").map(|text| parse_active(&text)).transpose()?;
    let limit = all.remove("limit").map(|text| parse_limit(&text)).transpose()?;
    let cursor = all.remove("cursor");
    match all.keys().next() {
        None => PageRequest::new(filters, limit, cursor.as_deref()),
        Some(unknown) => Err(unreadable(format!(
            "{unknown} is not a known parameter; expected limit, cursor, active, source or a field by \
             which the list can be filtered"
        ))),
    }
}

/// Parses a filter by what is active.
pub(crate) fn parse_active(text: &str) -> Result<bool, Problem> {
    text.parse().map_err(|_| unreadable("expected active to be true or false"))
}

fn parse_limit(text: &str) -> Result<u16, Problem> {
    text.parse().map_err(|_| unreadable("expected a limit from 1 to 500"))
}

/// Cuts what was read to a page, and answers with it.
pub(crate) fn answer_page<F: Serialize, T, S: Serialize>(
    path: &str,
    request: &PageRequest<F, i64>,
    listed: Listed<T>,
    position: impl Fn(&T) -> Position<i64>,
    show: impl Fn(T) -> S,
) -> HttpResponse {
    let Listed { mut items, scanned_to } = listed;
    let cut = request.cut(&mut items, position);
    let complete = cut.is_some() || scanned_to.is_none();
    let shown = items.into_iter().map(show).collect();
    let page = Page::of(shown, request, cut.or(scanned_to), path);
    Page { complete, ..page }.answer()
}

#[cfg(test)]
mod tests {
    use super::super::kind::{Events, Field, common_expectation};
    use super::*;

    const KIND: Kind = Kind {
        resource: "thing",
        table: "things",
        path: "/v1/things",
        feed: "/v1/things/changes",
        events: Events { created: "c", changed: "ch", removed: "r", offered: "o" },
        fields: &[
            Field::required("name", "a").filter(),
            Field::optional("city").filter(),
            Field::optional("fax"),
        ],
        expectation: common_expectation,
        more: None,
    };

    fn parsed(query: &[(&str, &str)]) -> Result<PageRequest<Filters, i64>, Problem> {
        let query = query.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        request(&KIND, query.collect())
    }

    #[test]
    fn what_the_index_does_not_answer_is_known_to_be_left() {
        for (query, indexed, covered) in [
            (&[][..], None, true),
            (&[("name", "a")], Some(("name", "a")), true),
            (&[("city", "b")], Some(("city", "b")), true),
            (&[("city", "b"), ("name", "a")], Some(("name", "a")), false),
            (&[("source", "upstream")], None, false),
            (&[("active", "true"), ("city", "b")], Some(("city", "b")), false),
        ] {
            let filters = parsed(query).unwrap().filters;
            assert_eq!(filters.indexed(), indexed, "{query:?}");
            assert_eq!(filters.are_covered_by_index(), covered, "{query:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in [
            ("fax", "1"),
            ("active", "yes"),
            ("limit", "0"),
            ("limit", "501"),
            ("limit", "x"),
            ("cursor", "e30"),
            ("name", "a\0"),
        ] {
            assert!(parsed(&[query]).is_err(), "{query:?}");
        }
        assert!(parsed(&[("name", "a"), ("name", "a")]).is_err());
        assert_eq!(parsed(&[]).unwrap().limit, 50);
    }
}
