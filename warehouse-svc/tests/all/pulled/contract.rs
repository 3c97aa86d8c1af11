//! The contract's own scenarios.

use serde_json::json;

use super::{Run, assert_counts, field, one_operator, one_site, sites_of, with_sites};
use crate::samples::warehouse;

#[tokio::test]
async fn an_empty_database_gets_the_operator_and_its_sites() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let pulled = json!([with_sites(233, &[1, 2, 3, 4, 5])]);
    let answer = run.send(&pulled).await;
    assert_counts(&answer, 6, 6, 0);
    assert_eq!(answer["refused"], json!([]));
    assert_eq!(sites_of(client, 233).await, [1, 2, 3, 4, 5]);
    assert_eq!(field(client, &one_operator(233), "email").await, "user233@example.com");
    for (name, value) in [
        ("source", json!("upstream")),
        ("active", json!(true)),
        ("version", json!(1)),
        ("city", json!("Hamburg")),
        ("fax", json!(null)),
    ] {
        assert_eq!(field(client, &one_site(3), name).await, value);
    }
    // Once more: nothing is written.
    let before = warehouse.rows().await;
    assert_eq!(before.changes, 6);
    assert_counts(&run.send(&pulled).await, 6, 0, 0);
    assert_counts(&run.send_all(&pulled).await, 6, 0, 0);
    assert_eq!(warehouse.rows().await, before);
    let link = client.get(&format!("{}/sites/1", one_operator(233))).await.with(200);
    assert_eq!(link["link"], json!({"active": true, "source": "upstream"}));
}

#[tokio::test]
async fn what_was_deleted_or_renamed_here_is_as_upstream_again() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let pulled = json!([with_sites(233, &[1, 2, 3, 4, 5])]);
    run.send(&pulled).await.with(200);
    client.delete(&one_site(1)).await.with(204);
    client.patch(&one_site(2), &json!({"name": "ours", "note": "ours"})).await.with(200);
    assert_eq!(sites_of(client, 233).await, [2, 3, 4, 5]);
    assert_counts(&run.send(&pulled).await, 6, 3, 0);
    assert_eq!(sites_of(client, 233).await, [1, 2, 3, 4, 5]);
    assert_eq!(field(client, &one_site(1), "version").await, 3);
    assert_eq!(field(client, &one_site(2), "name").await, "site 2");
    assert_eq!(field(client, &one_site(2), "note").await, "ours", "the local column stays");
    client.delete(&one_operator(233)).await.with(204);
    assert_counts(&run.send(&pulled).await, 6, 1, 0);
    assert_eq!(sites_of(client, 233).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn after_the_operator_was_replaced_two_sites_have_both() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(233, &[1, 2, 3, 4, 5])])).await.with(200);
    assert_counts(&run.send(&json!([with_sites(300, &[2, 4])])).await, 3, 1, 0);
    assert_eq!(sites_of(client, 233).await, [1, 2, 3, 4, 5]);
    assert_eq!(sites_of(client, 300).await, [2, 4]);
}
