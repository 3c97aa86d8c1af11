//! The links between operators and sites, over real HTTP.

pub(crate) mod racing;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient, TestService, changed};

use crate::owned::{OPERATORS, SITES, contents, ids};
use crate::samples::warehouse;

pub(crate) fn site(id: i64) -> Value {
    json!({"id": id, "name": format!("site {id}"), "line1": "1 Quay Street", "city": "Hamburg"})
}

pub(crate) fn operator(id: i64) -> Value {
    json!({
        "id": id,
        "username": format!("user{id}"),
        "email": format!("user{id}@example.com"),
        "employee_id": format!("E-{id}"),
        "first_name": "Ada",
        "last_name": "Berg",
    })
}

/// Creates an operator and sites, without links.
async fn created(client: &TestClient, id: i64, sites: &[i64]) {
    client.post(OPERATORS, &operator(id)).await.with(201);
    for id in sites {
        client.post(SITES, &site(*id)).await.with(201);
    }
}

fn sites_of(operator: i64) -> String {
    format!("{OPERATORS}/{operator}/sites")
}

fn link(operator: i64, site: i64) -> String {
    format!("{OPERATORS}/{operator}/sites/{site}")
}

/// Returns the sites that the newest event of an operator lists, and its kind and version.
async fn newest_event(warehouse: &TestService, operator: i64) -> Value {
    use diesel_async::RunQueryDsl as _;
    let mut connection = warehouse.database.connect().await;
    let newest = format!(
        "select body from changes where resource = 'operator' and key = '{operator}'
        order by seq desc limit 1"
    );
    let body = diesel::sql_query(newest).get_result::<Body>(&mut connection).await.unwrap();
    let event = serde_json::from_str::<Value>(&body.body).unwrap();
    json!([event["kind"], event["version"], event["record"]["sites"]])
}

#[derive(diesel::QueryableByName)]
struct Body {
    #[diesel(sql_type = diesel::sql_types::Text)]
    body: String,
}

async fn version(client: &TestClient, path: &str) -> Value {
    client.get(path).await.with(200)["version"].clone()
}

#[tokio::test]
async fn a_link_is_made_once_and_is_a_change_of_the_operator() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &[12, 11]).await;
    for (site, version) in [(12, 2), (11, 3)] {
        client.get(&link(1, site)).await.assert_problem(404);
        let made = client.put(&link(1, site), &json!(null)).await.with(201);
        assert_eq!(made.header("location"), Some(&*link(1, site)));
        assert_eq!(made["link"], json!({"active": true, "source": null}));
        assert_eq!((&made["id"], &made["city"]), (&json!(site), &json!("Hamburg")));
        assert_eq!(client.get(&link(1, site)).await.with(200).body, made.body);
        let before = warehouse.rows().await;
        assert_eq!(client.put(&link(1, site), &json!(null)).await.with(200).body, made.body);
        assert_eq!(warehouse.rows().await, before);
        assert_eq!(self::version(client, &format!("{OPERATORS}/1")).await, version);
        assert_eq!(self::version(client, &format!("{SITES}/{site}")).await, 1);
    }
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.changed", 3, [11, 12]]));
    // An edit of the operator keeps the list.
    client.patch(&format!("{OPERATORS}/1"), &json!({"note": "x"})).await.with(200);
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.changed", 4, [11, 12]]));
}

#[tokio::test]
async fn a_link_is_removed_once() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &[11]).await;
    client.delete(&link(1, 11)).await.assert_problem(404);
    client.put(&link(1, 11), &json!(null)).await.with(201);
    client.delete(&link(1, 11)).await.with(204);
    client.delete(&link(1, 11)).await.assert_problem(404);
    client.get(&link(1, 11)).await.assert_problem(404);
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.changed", 3, []]));
    client.get(&format!("{SITES}/11")).await.with(200);
}

#[tokio::test]
async fn a_link_needs_an_operator_and_a_site() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &[11]).await;
    for path in [link(1, 12), link(2, 11), link(0, 11), link(1, 0)] {
        client.put(&path, &json!(null)).await.assert_problem(404);
        client.delete(&path).await.assert_problem(404);
        client.get(&path).await.assert_problem(404);
    }
    client.delete(&format!("{SITES}/11")).await.with(204);
    client.put(&link(1, 11), &json!(null)).await.assert_problem(404);
    client.get(&sites_of(2)).await.assert_problem(404);
    client.get(&sites_of(0)).await.assert_problem(404);
    client
        .assert_has_only(&[(&sites_of(1), "GET, HEAD"), (&link(1, 11), "GET, HEAD, PUT, DELETE")])
        .await;
}

#[tokio::test]
async fn with_a_removed_record_its_links_go_and_the_other_end_stays() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &[11, 12]).await;
    created(client, 2, &[]).await;
    created(client, 3, &[]).await;
    for (operator, site) in [(1, 11), (1, 12), (2, 11), (3, 12)] {
        client.put(&link(operator, site), &json!(null)).await.with(201);
    }
    client.delete(&format!("{SITES}/11")).await.with(204);
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.changed", 4, [12]]));
    assert_eq!(newest_event(&warehouse, 2).await, json!(["operator.changed", 3, []]));
    assert_eq!(version(client, &format!("{OPERATORS}/3")).await, 2);
    assert_eq!(ids(&client.get(&sites_of(1)).await.with(200)), [12]);
    client.delete(&format!("{OPERATORS}/1")).await.with(204);
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.removed", 5, null]));
    assert_eq!(version(client, &format!("{SITES}/12")).await, 1);
    // What comes back has no links.
    client.post(OPERATORS, &operator(1)).await.with(201);
    assert_eq!(newest_event(&warehouse, 1).await, json!(["operator.created", 6, []]));
    client.post(SITES, &site(11)).await.with(201);
    assert_eq!(ids(&client.get(&sites_of(2)).await.with(200)), [0_i64; 0]);
}

#[tokio::test]
async fn the_sites_of_an_operator_are_listed_page_by_page() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &(1..=9).collect::<Vec<_>>()).await;
    for site in [5, 3, 4, 1, 2, 9] {
        client.put(&link(1, site), &json!(null)).await.with(201);
    }
    let inactive = "update operator_sites set active = false, source = 'upstream' where site > 3";
    warehouse.database.run(inactive).await;
    for (query, expected) in [
        ("", vec![9, 2, 1, 4, 3, 5]),
        ("&active=true", vec![2, 1, 3]),
        ("&active=false", vec![9, 4, 5]),
    ] {
        for limit in [1, 2, 50] {
            let (mut found, mut next) =
                (vec![], Some(format!("{}?limit={limit}{query}", sites_of(1))));
            while let Some(path) = next {
                let page = client.get(&path).await.with(200);
                found.extend(ids(&page));
                next = page["next"].as_str().map(str::to_owned);
            }
            assert_eq!(found, expected, "{limit}{query}");
        }
    }
    let page: Answer = client.get(&format!("{}?limit=1", sites_of(1))).await.with(200);
    let expected = json!({
        "link": {"active": false, "source": "upstream"}, "line2": null, "site": null, "state": null,
        "zip_code": null, "country": null, "fax": null, "phone": null, "note": null, "active": true,
        "source": null,
    });
    assert_eq!(contents(&page["items"][0]), changed(&site(9), &expected));
    for query in ["limit=0", "limit=501", "active=yes", "cursor=e30", "colour=red"] {
        client.get(&format!("{}?{query}", sites_of(1))).await.assert_problem(400);
    }
    // A caller makes an inactive link active, and it is the caller's then.
    let renewed = client.put(&link(1, 9), &json!(null)).await.with(200);
    assert_eq!(renewed["link"], json!({"active": true, "source": null}));
}

#[tokio::test]
async fn an_operator_has_a_limited_number_of_sites() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    created(client, 1, &[]).await;
    let rows = "
        insert into sites (id, name, line1, active, edited, deleted, version, created_at, updated_at)
        select number, 'n', 'l', true, '', false, 1, now(), now() from generate_series(1, 10001) as number;
        insert into operator_sites (operator, site, active, created_at)
        select 1, number, true, now() from generate_series(1, 9999) as number";
    warehouse.database.run(rows).await;
    client.put(&link(1, 10_000), &json!(null)).await.with(201);
    let refused = client.put(&link(1, 10_001), &json!(null)).await;
    refused.assert_problem(409);
    assert!(refused.text.contains("10000 sites"), "{}", refused.text);
    client.put(&link(1, 1), &json!(null)).await.with(200);
}
