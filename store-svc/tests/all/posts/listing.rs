//! Lists of posts: pages that do not overlap, and a filter that filters.

use serde_json::{Value, json};

use super::{POSTS, each, post, posted};
use crate::samples::store;

/// Makes posts faster than by requests.
const MANY: &str =
    "insert into posts (title, body, version, created_at, modified_at, changed_version,
    sent_version) select 'Post ' || n, 'x', 1, now(), now(), 1, 1 from generate_series(1, 25) as n";

#[tokio::test]
async fn pages_have_a_fixed_order_and_do_not_overlap() {
    let store = store().await;
    store.database.run(MANY).await;
    // An update moves a row within its table, which is why an order must be set.
    store.database.run("update posts set body = 'y' where id % 3 = 0").await;
    let (mut path, mut seen, mut pages) = (Some("/posts/".to_owned()), vec![], 0);
    while let Some(next) = path {
        let page = store.client.get(&next).await.with(200);
        assert_eq!(page["count"], 25);
        assert_eq!(page["previous"].is_null(), pages == 0);
        seen.extend(each(&page, "id"));
        let base = format!("http://127.0.0.1:{}", store.client.port());
        let whole = page["next"].as_str().map(str::to_owned);
        path = whole.map(|url| url.strip_prefix(&base).expect("a whole URL").to_owned());
        pages += 1;
    }
    assert_eq!((pages, seen), (3, (1..=25).map(Value::from).collect()));
}

#[tokio::test]
async fn the_size_of_a_page_is_the_callers_up_to_a_hundred() {
    let store = store().await;
    store.database.run(MANY).await;
    for (query, count, next) in [
        ("", 10, Some("page=2")),
        ("?page_size=7&page=2", 7, Some("page_size=7&page=3")),
        ("?page_size=100", 25, None),
        ("?page=last", 5, None),
        ("?page_size=5&page=last", 5, None),
        ("?page_size=1&page=25", 1, None),
    ] {
        let page = store.client.get(&format!("{POSTS}{query}")).await.with(200);
        assert_eq!(each(&page, "id").len(), count, "{query}");
        let found = page["next"].as_str().map(|url| url.split_once('?').unwrap().1);
        assert_eq!(found, next, "{query}");
    }
    let last = store.client.get("/posts?page=last").await.with(200);
    assert!(last["previous"].as_str().unwrap().ends_with("/posts?page=2"), "{}", last.text);
    for query in ["page_size=0", "page_size=101", "page_size=x", "page_size=", "ordering=title"] {
        store.client.get(&format!("{POSTS}?{query}")).await.assert_problem(400);
    }
    for query in ["page=4", "page=0", "page=x", "page=-1", "page=", "page=9223372036854775807"] {
        store.client.get(&format!("{POSTS}?{query}")).await.assert_problem(404);
    }
}

#[tokio::test]
async fn an_empty_list_has_one_page() {
    let store = store().await;
    for query in ["", "?page=1", "?page=last", "?title=none"] {
        let page = store.client.get(&format!("/posts/{query}")).await.with(200);
        let empty = json!({"count": 0, "next": null, "previous": null, "results": []});
        assert_eq!(page.body, empty);
    }
    store.client.get("/posts/?page=2").await.assert_problem(404);
}

#[tokio::test]
async fn the_filter_by_title_filters() {
    let store = store().await;
    for title in ["A quay", "A quay & more", "A quay", "a quay"] {
        posted(&store.client, title).await;
    }
    let titles = async |query: &str| {
        let page = store.client.get(&format!("/posts/?title={query}")).await.with(200);
        (page["count"].clone(), each(&page, "id"))
    };
    assert_eq!(titles("A%20quay").await, (json!(2), vec![json!(1), json!(3)]));
    assert_eq!(titles("A+quay+%26+more").await, (json!(1), vec![json!(2)]));
    assert_eq!(titles("quay").await, (json!(0), vec![]));
    assert_eq!(titles("%00").await, (json!(0), vec![]));
    assert_eq!(titles("").await.0, 4);
    let page = store.client.get("/posts?title=A%20quay&page_size=1").await.with(200);
    let next = page["next"].as_str().unwrap().split_once('?').unwrap().1;
    assert_eq!(next, "title=A+quay&page_size=1&page=2");
    store.client.delete("/posts/1").await.with(204);
    assert_eq!(titles("A%20quay").await.0, 1);
    store.client.put("/posts/2", &post("A quay")).await.with(200);
    assert_eq!(titles("A%20quay").await.0, 2);
}
