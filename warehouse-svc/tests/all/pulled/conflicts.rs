//! Edits of this side that an upstream overwrites are recorded.

use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use test_kit::TestService;

use super::{Run, field, one_operator, one_site, with_sites};
use crate::owned::{OPERATORS, SITES};
use crate::samples::warehouse;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// Returns the conflicts of the newest change of a record, in the log and in its event.
async fn conflicts(warehouse: &TestService, resource: &str, id: i64) -> [Value; 2] {
    let newest = format!(
        "select jsonb_build_array(conflicts, body::jsonb -> 'conflicts')::text as text from changes
        where resource = '{resource}' and key = '{id}' order by seq desc limit 1"
    );
    let mut connection = warehouse.database.connect().await;
    let row = diesel::sql_query(newest).get_result::<Row>(&mut connection).await.unwrap();
    serde_json::from_str(&row.text).unwrap()
}

fn conflict(field: &str, lost: &str, kept: &str) -> Value {
    json!({"field": field, "lost": lost, "kept": kept, "rule": "upstream owns it"})
}

#[tokio::test]
async fn an_edit_that_gives_way_stands_in_the_change_that_overwrites_it() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let mut pulled = json!([with_sites(7, &[1, 2])]);
    run.send(&pulled).await.with(200);
    client.patch(&one_site(1), &json!({"name": "ours", "note": "x"})).await.with(200);
    client.patch(&one_operator(7), &json!({"email": "ours@example.com"})).await.with(200);
    // The upstream changes another field of its own: that is no conflict.
    pulled[0]["sites"][0]["city"] = json!("Bremen");
    pulled[0]["sites"][1]["city"] = json!("Bremen");
    run.send(&pulled).await.with(200);
    let expected = json!([conflict("name", "ours", "site 1")]);
    assert_eq!(conflicts(&warehouse, "site", 1).await, [expected.clone(), expected]);
    let expected = json!([conflict("email", "ours@example.com", "user7@example.com")]);
    assert_eq!(conflicts(&warehouse, "operator", 7).await, [expected.clone(), expected]);
    assert_eq!(conflicts(&warehouse, "site", 2).await, [Value::Null, Value::Null]);
    assert_eq!(field(client, &one_site(1), "note").await, "x");
    // It is over with that: what the upstream changes now is no conflict.
    pulled[0]["sites"][0]["name"] = json!("theirs");
    run.send(&pulled).await.with(200);
    assert_eq!(conflicts(&warehouse, "site", 1).await, [Value::Null, Value::Null]);
}

#[tokio::test]
async fn what_comes_back_after_it_was_removed_here_is_a_conflict() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let pulled = json!([with_sites(7, &[1])]);
    run.send(&pulled).await.with(200);
    client.delete(&one_site(1)).await.with(204);
    run.send(&pulled).await.with(200);
    let expected =
        json!([{"field": "deleted", "lost": true, "kept": false, "rule": "upstream owns it"}]);
    assert_eq!(conflicts(&warehouse, "site", 1).await[0], expected);
}

#[tokio::test]
async fn a_record_of_this_side_is_taken_over_and_what_differs_is_recorded() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let site = json!({"id": 1, "name": "ours", "line1": "1 Quay Street", "fax": "1"});
    client.post(SITES, &site).await.with(201);
    client.post(OPERATORS, &crate::links::operator(7)).await.with(201);
    client.put(&format!("{}/sites/1", one_operator(7)), &Value::Null).await.with(201);
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1])])).await.with(200);
    let lost = conflicts(&warehouse, "site", 1).await[0].clone();
    let null_city =
        json!({"field": "city", "lost": null, "kept": "Hamburg", "rule": "upstream owns it"});
    let fax = json!({"field": "fax", "lost": "1", "kept": null, "rule": "upstream owns it"});
    assert_eq!(lost, json!([conflict("name", "ours", "site 1"), null_city, fax]));
    assert_eq!(conflicts(&warehouse, "operator", 7).await[0], Value::Null);
    assert_eq!(field(client, &one_operator(7), "source").await, "upstream");
    let link = client.get(&format!("{}/sites/1", one_operator(7))).await.with(200);
    assert_eq!(link["link"]["source"], "upstream");
}
