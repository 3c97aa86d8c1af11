//! Lists of readings: newest first, page by page, with filters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use test_kit::TestClient;

use super::{LONG_AGO, READINGS, data, gtins, reading, sync_by_date};
use crate::samples::warehouse;

/// Reads all pages; returns the GTINs and the number of pages.
async fn all(client: &TestClient, query: &str) -> (Vec<String>, usize) {
    let (mut found, mut pages) = (vec![], 0);
    let mut next = Some(format!("{READINGS}/?{query}"));
    while let Some(path) = next {
        let page = client.get(&path).await.with(200);
        found.extend(gtins(&page));
        pages += 1;
        next = page["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(page.header("link"), link.as_deref());
    }
    (found, pages)
}

#[tokio::test]
async fn readings_are_listed_newest_first_page_by_page() {
    let warehouse = warehouse().await;
    // Several of one time.
    let records = (0..50).map(|gtin| reading(&format!("{gtin:02}"), gtin / 4)).collect::<Vec<_>>();
    sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
    let newest_first = (0..50).rev().map(|gtin| format!("{gtin:02}")).collect::<Vec<_>>();
    for (query, pages) in [("", 1), ("limit=7", 8), ("limit=25", 2)] {
        assert_eq!(all(&warehouse.client, query).await, (newest_first.clone(), pages), "{query}");
    }
}

#[tokio::test]
async fn a_list_can_be_of_one_gtin() {
    let warehouse = warehouse().await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1), reading("2", 2)]).await.with(200);
    for (query, expected) in [
        ("gtin=1", vec!["1"]),
        ("gtin=3", vec![]),
        ("gtin=1&expires_before=2027-04-01", vec!["1"]),
        ("gtin=1&expires_before=2027-03-31", vec![]),
    ] {
        assert_eq!(all(&warehouse.client, query).await.0, expected, "{query}");
    }
}

#[tokio::test]
async fn what_expires_before_a_time_is_found_as_an_instant() {
    let warehouse = warehouse().await;
    let expiring = |(gtin, expires): (&str, &str)| json!({"gtin": gtin, "updated_at": "2026-11-20T10:00:00Z", "expiration_date": expires});
    let records = [
        ("date", "2027-03-31"),
        ("zone", "2027-03-31T01:00:00+02:00"),
        ("noon", "2027-03-31T12:00:00"),
        ("later", "2027-04-01"),
    ];
    let records = records.map(expiring);
    sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
    for (before, expected) in [
        ("2027-03-31", vec!["zone"]),
        ("2027-03-31T12:00:00Z", vec!["zone", "date"]),
        ("2027-04-01", vec!["zone", "noon", "date"]),
        ("2027-04-01T00:00:01Z", vec!["zone", "noon", "later", "date"]),
    ] {
        for limit in [1, 50] {
            let query = format!("expires_before={before}&limit={limit}");
            assert_eq!(all(&warehouse.client, &query).await.0, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_filter_that_many_match_is_applied_to_a_limited_number_at_a_time() {
    let warehouse = warehouse().await;
    // Generated: it is the newest 6,000 that do not match.
    let rows = "insert into readings select number::text, to_timestamp(1800000000 + number),
        '2030-01-01', case when number < 6000 then timestamptz '2027-01-01' else '2030-01-01' end,
        false, 1, now() from generate_series(0, 11999) as number";
    warehouse.database.run(rows).await;
    let page =
        warehouse.client.get(&format!("{READINGS}?expires_before=2028-01-01")).await.with(200);
    assert_eq!((data(&page), &page["complete"]), (Vec::<Value>::new(), &json!(false)));
    let (found, pages) = all(&warehouse.client, "expires_before=2028-01-01&limit=500").await;
    let expected = (0..6_000).rev().map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(found, expected);
    assert!(pages <= 16, "{pages}");
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let warehouse = warehouse().await;
    for query in [
        "limit=0",
        "limit=501",
        "cursor=e30",
        "gtin=",
        "gtin=a%00b",
        "expires_before=soon",
        "expires_before=",
        "colour=red",
    ] {
        warehouse.client.get(&format!("{READINGS}?{query}")).await.assert_problem(400);
    }
}

#[tokio::test]
async fn a_forged_cursor_is_refused() {
    let warehouse = warehouse().await;
    let records = [reading("1", 1), reading("2", 2)];
    sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
    let page = warehouse.client.get(&format!("{READINGS}?limit=1")).await.with(200);
    let (path, cursor) = page["next"].as_str().unwrap().split_once("cursor=").unwrap();
    let mut forged =
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    forged["after"]["id"] = json!("\0");
    let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
    warehouse.client.get(&format!("{path}cursor={forged}")).await.assert_problem(400);
}
