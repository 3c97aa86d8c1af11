//! Lists of records: newest first, page by page, with filters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use test_kit::TestClient;

use super::{KINDS, Kind, ids};
use crate::samples::warehouse;

/// Reads all pages; returns the ids and the number of pages.
pub(crate) async fn all(client: &TestClient, path: &str, query: &str) -> (Vec<i64>, usize) {
    let (mut found, mut pages) = (vec![], 0);
    let mut next = Some(format!("{path}?{query}"));
    while let Some(path) = next {
        let page = client.get(&path).await.with(200);
        found.extend(ids(&page));
        pages += 1;
        next = page["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(page.header("link"), link.as_deref());
    }
    (found, pages)
}

/// Generated records, of which several have the same time.
fn rows(kind: Kind, count: i64) -> String {
    let names = kind.required.join(", ");
    let values = kind.required.iter().map(|name| format!("'{name} ' || number % 2"));
    let values = values.collect::<Vec<_>>().join(", ");
    format!(
        "insert into {}s (id, {names}, active, source, edited, deleted, version, created_at, updated_at)
        select number, {values}, number <= {count} / 2,
            case when number % 2 = 0 then 'upstream' end, '', false, 1,
            to_timestamp(1800000000 + number / 4), now() from generate_series(1, {count}) as number",
        kind.resource
    )
}

#[tokio::test]
async fn records_are_listed_newest_first_page_by_page() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        warehouse.database.run(&rows(kind, 50)).await;
        let newest_first = (1..=50).rev().collect::<Vec<_>>();
        for (query, pages) in [("", 1), ("limit=7", 8), ("limit=25", 2)] {
            let found = all(&warehouse.client, kind.path, query).await;
            assert_eq!(found, (newest_first.clone(), pages), "{query}");
        }
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_each_of_its_filters_and_by_several() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        let [first, other] = kind.filters;
        warehouse.database.run(&rows(kind, 20)).await;
        warehouse.client.patch(&kind.one(3), &json!({first: "a&b é", other: "x"})).await.with(200);
        let odd = (1..=20).rev().filter(|id| id % 2 == 1 && *id != 3).collect::<Vec<_>>();
        let even = (1..=20).rev().filter(|id| id % 2 == 0).collect::<Vec<_>>();
        for (query, expected) in [
            (format!("{first}=a%26b+%C3%A9"), vec![3]),
            (format!("{first}={first}+1"), odd),
            (format!("{first}=a%26b+%C3%A9&{other}=x&active=true"), vec![3]),
            (format!("{first}=a%26b+%C3%A9&active=false"), vec![]),
            ("source=upstream".to_owned(), even),
            ("source=upstream&active=true".to_owned(), vec![10, 8, 6, 4, 2]),
            ("active=false".to_owned(), (11..=20).rev().collect()),
            ("source=other".to_owned(), vec![]),
            (format!("{first}="), vec![]),
        ] {
            for limit in [1, 50] {
                let query = format!("{query}&limit={limit}");
                assert_eq!(all(&warehouse.client, kind.path, &query).await.0, expected, "{query}");
            }
        }
    }
}

#[tokio::test]
async fn a_filter_that_many_match_is_applied_to_a_limited_number_at_a_time() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        // The newest 6,000 do not match.
        warehouse.database.run(&rows(kind, 12_000)).await;
        let page = warehouse.client.get(&format!("{}?active=true", kind.path)).await.with(200);
        assert_eq!((&page["items"], &page["complete"]), (&json!([]), &json!(false)));
        let (found, pages) = all(&warehouse.client, kind.path, "active=true&limit=500").await;
        assert_eq!(found, (1..=6_000).rev().collect::<Vec<_>>());
        assert!(pages <= 16, "{pages}");
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        let first = kind.filters[0];
        for query in [
            "limit=0",
            "limit=501",
            "limit=-1",
            "cursor=e30",
            "active=yes",
            "active=",
            "note=a",
            "colour=red",
            "source=a%00",
            &format!("{first}=a%00b"),
            &format!("{first}=a&{first}=b"),
        ] {
            let path = format!("{}?{query}", kind.path);
            warehouse.client.get(&path).await.assert_problem(400);
        }
    }
}

#[tokio::test]
async fn a_cursor_is_bound_to_its_filters_and_a_forged_one_breaks_nothing() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        for id in [1, 2] {
            kind.create(&warehouse.client, id).await;
        }
        let page = warehouse.client.get(&format!("{}?limit=1", kind.path)).await.with(200);
        let (path, cursor) = page["next"].as_str().unwrap().split_once("cursor=").unwrap();
        let other = format!("{path}cursor={cursor}&active=true");
        warehouse.client.get(&other).await.assert_problem(400);
        let cursor = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        let mut forged = serde_json::from_slice::<Value>(&cursor).unwrap();
        forged["after"]["id"] = json!("1");
        let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
        warehouse.client.get(&format!("{path}cursor={forged}")).await.assert_problem(400);
    }
}
