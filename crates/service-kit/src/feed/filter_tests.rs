use std::sync::Arc;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;

use super::*;
use crate::change_log::Change;
use crate::resource::{EventFilter, Table};

/// A resource of which only its feed matters.
#[derive(Debug)]
struct Trees;

impl Resource for Trees {
    fn name(&self) -> &'static str {
        "tree"
    }

    fn table(&self) -> Table {
        Table { name: "trees", key: "id", key_type: "bigint" }
    }

    fn key(&self, text: &str) -> Option<String> {
        text.parse::<i64>().ok().map(|id| id.to_string())
    }

    fn must_arrive(&self) -> bool {
        false
    }

    fn feed(&self) -> &'static str {
        "/v1/trees/changes"
    }

    fn event_filters(&self) -> &'static [EventFilter] {
        fn check(text: &str) -> Result<(), &'static str> {
            if text == "blue" { Err("green or red") } else { Ok(()) }
        }
        &[EventFilter { name: "color", pointer: "/leaves/color", check }]
    }

    fn offers_of<'a>(
        &'a self,
        _: &'a mut AsyncPgConnection,
        _: &'a [String],
        _: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn offers_after<'a>(
        &'a self,
        _: &'a mut AsyncPgConnection,
        _: Option<&'a str>,
        _: i64,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        Box::pin(async { Ok(vec![]) })
    }
}

fn resources() -> Resources {
    Resources::of(vec![Arc::new(Trees)])
}

fn parse(query: &str, of: Option<&str>) -> Result<FeedQuery, String> {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    FeedQuery::parse(pairs, of, &resources()).map_err(|problem| problem.to_string())
}

fn entry(color: &str) -> Entry {
    Entry::sample("tree", "7", &format!(r#"{{"leaves": {{"color": "{color}"}}}}"#))
}

#[test]
fn each_part_of_a_choice_counts() {
    let entry = entry("green");
    for (query, contains) in [
        ("", true),
        ("resource=tree&key=007&kind=tree.written&origin=store", true),
        ("resource=tree&color=green", true),
        ("resource=tree&color=red", false),
        ("resource=tree&key=8", false),
        ("kind=tree.felled", false),
        ("origin=warehouse", false),
    ] {
        let filter = parse(query, None).unwrap().filter;
        assert_eq!(filter.contains(&entry, &resources()), contains, "{query}");
    }
    let broken = Entry::sample("tree", "7", "{");
    let red = parse("color=red", Some("tree")).unwrap().filter;
    assert!(!red.contains(&broken, &resources()));
}

#[test]
fn a_choice_has_one_digest_however_it_is_named() {
    let digest = |query, of| parse(query, of).unwrap().filter.digest(Side::Store);
    assert_eq!(digest("resource=tree&limit=5", None), digest("wait=3", Some("tree")));
    assert_eq!(digest("key=7&color=red", Some("tree")), digest("color=red&key=07", Some("tree")));
    let all = ["", "resource=tree", "kind=tree.felled", "origin=store", "resource=tree&key=7"];
    let mut digests = all.map(|query| digest(query, None)).to_vec();
    digests.push(parse("", None).unwrap().filter.digest(Side::Warehouse));
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), all.len() + 1, "no two are the same");
}

#[test]
fn limits_have_defaults_and_bounds() {
    assert_eq!(parse("", None).unwrap().limit(), 100);
    let query = parse("limit=500&wait=60&cursor=start", None).unwrap();
    assert_eq!((query.limit(), query.wait), (500, Some(Duration::from_secs(60))));
    assert_eq!(query.cursor.as_deref(), Some("start"));
    for wrong in ["limit=0", "limit=501", "limit=a", "wait=61", "wait=-1", "wait="] {
        assert!(parse(wrong, None).unwrap_err().contains("expected a number from"), "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (query, of, reason) in [
        ("resource=bush", None, "expected one of tree as resource; found \"bush\""),
        ("resource=tree", Some("tree"), "one resource already"),
        ("key=7", None, "name it, too"),
        ("key=a", Some("tree"), "expected a key of a record of tree as key"),
        ("kind=felled", None, "a dot"),
        ("kind=bush.felled", Some("tree"), "expected tree, a dot"),
        ("kind=tree.%00", None, "a dot"),
        ("origin=here", None, "store or warehouse"),
        ("color=blue", Some("tree"), "expected green or red as color"),
        ("color=red", None, "expected resource, key, kind, origin, cursor"),
        ("size=3", Some("tree"), "expected key, kind, origin, color, cursor"),
        ("limit=1&limit=1", None, "twice"),
    ] {
        let found = parse(query, of).unwrap_err();
        assert!(found.contains(reason), "{query}: {found}");
    }
}
