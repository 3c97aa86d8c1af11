//! Filters and pages of a list, as json-server has them. Pure.

use serde_json::Value;

use super::records::Record;

/// The size of a page, if the query does not say.
const PAGE: usize = 10;

/// The part of a list that a query asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Selection<'a> {
    pub(super) records: Vec<&'a Record>,
    /// The number of all records that fit the filters, if the query asks for a part of them.
    pub(super) total: Option<usize>,
    /// The pages, if the query asks for one.
    pub(super) pages: Option<Pages>,
}

/// The number of a page among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    pub(super) page: usize,
    pub(super) last: usize,
    pub(super) limit: usize,
}

/// Selects what a query asks for: `field=value` is a filter, and several values of one field are
/// alternatives. A field that no record has is no filter: json-server ignores it, and so answers
/// the whole list.
pub(super) fn select<'a>(records: &[&'a Record], query: &[(String, String)]) -> Selection<'a> {
    let is_field = |name: &str| records.iter().any(|record| record.contains_key(name));
    let filters: Vec<_> =
        query.iter().filter(|(name, _)| !name.starts_with('_') && is_field(name)).collect();
    let fits = |record: &&Record| {
        filters.iter().all(|(name, _)| {
            let mut values = filters.iter().filter(|(other, _)| other == name);
            values.any(|(_, text)| record.get(name).is_some_and(|value| is_text(value, text)))
        })
    };
    let fitting: Vec<_> = records.iter().copied().filter(fits).collect();
    let total = fitting.len();
    let number = |name| {
        let text = query.iter().find(|(field, _)| field == name).map(|(_, text)| text);
        text.and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0)
    };
    match (number("_page"), number("_limit")) {
        (None, None) => Selection { records: fitting, total: None, pages: None },
        (None, Some(limit)) => {
            let records = fitting.into_iter().take(limit).collect();
            Selection { records, total: Some(total), pages: None }
        }
        (Some(page), limit) => {
            let limit = limit.unwrap_or(PAGE);
            let from = (page - 1).saturating_mul(limit);
            let records = fitting.into_iter().skip(from).take(limit).collect();
            let pages = Pages { page, last: total.div_ceil(limit).max(1), limit };
            Selection { records, total: Some(total), pages: Some(pages) }
        }
    }
}

/// Returns whether a value is written so in a query.
fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Number(number) => number.to_string() == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

impl Pages {
    /// Returns the `Link` header; `url` is that of the list without the query's page and limit.
    pub(super) fn link(self, url: &str) -> String {
        let Self { page, last, limit } = self;
        let separator = if url.contains('?') { '&' } else { '?' };
        let link = |rel: &str, page: usize| {
            format!("<{url}{separator}_page={page}&_limit={limit}>; rel=\"{rel}\"")
        };
        let before = (page > 1).then(|| link("prev", page - 1));
        let behind = (page < last).then(|| link("next", page + 1));
        let links = [Some(link("first", 1)), before, behind, Some(link("last", last))];
        links.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(query: &str) -> (Vec<u64>, Option<usize>, Option<Pages>) {
        let record = |id: u64| {
            let user =
                if id.is_multiple_of(2) { json!(id % 4) } else { json!((id % 4).to_string()) };
            let record = json!({"id": id, "userId": user, "flag": id == 1, "none": null});
            serde_json::from_value(record).unwrap()
        };
        let records: Vec<Record> = (1..=25).map(record).collect();
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let selection = select(&records.iter().collect::<Vec<_>>(), &query);
        let ids = selection.records.iter().map(|record| record["id"].as_u64().unwrap());
        (ids.collect(), selection.total, selection.pages)
    }

    #[test]
    fn a_filter_is_exact_and_compares_what_is_written() {
        assert_eq!(ids("id=7").0, [7]);
        assert_eq!(ids("userId=1").0, [1, 5, 9, 13, 17, 21, 25]);
        assert_eq!(ids("userId=2").0, [2, 6, 10, 14, 18, 22]);
        assert_eq!(ids("userId=1&id=5").0, [5]);
        assert_eq!(ids("flag=true").0, [1]);
        assert!(ids("id=70").0.is_empty());
        assert!(ids("none=null").0.is_empty());
    }

    #[test]
    fn several_values_of_a_field_are_alternatives() {
        assert_eq!(ids("id=7&id=3").0, [3, 7]);
    }

    #[test]
    fn a_field_that_no_record_has_is_ignored() {
        assert_eq!(ids("marker=abc").0.len(), 25);
        assert_eq!(ids("marker=abc&id=7").0, [7]);
    }

    #[test]
    fn pages_have_ten_records_unless_the_query_says_how_many() {
        assert_eq!(ids("").1, None);
        let (first, total, _) = ids("_limit=3");
        assert_eq!((first, total), (vec![1, 2, 3], Some(25)));
        let (third, total, pages) = ids("_page=3");
        assert_eq!((third, total), (vec![21, 22, 23, 24, 25], Some(25)));
        assert_eq!(pages, Some(Pages { page: 3, last: 3, limit: 10 }));
        assert_eq!(ids("_page=2&_limit=2").0, [3, 4]);
        assert!(ids("_page=9").0.is_empty());
        assert!(ids(&format!("_page={}", usize::MAX)).0.is_empty());
    }

    #[test]
    fn the_pages_around_are_linked() {
        let link = Pages { page: 2, last: 3, limit: 10 }.link("http://h/posts");
        assert!(link.contains("<http://h/posts?_page=1&_limit=10>; rel=\"prev\""), "{link}");
        assert!(link.contains("<http://h/posts?_page=3&_limit=10>; rel=\"next\""), "{link}");
        let only = Pages { page: 1, last: 1, limit: 10 }.link("http://h/posts?userId=1");
        assert!(only.contains("posts?userId=1&_page=1") && !only.contains("next"), "{only}");
    }
}
