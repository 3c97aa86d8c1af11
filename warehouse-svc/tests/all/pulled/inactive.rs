//! What upstream lists no more becomes inactive, and is not deleted.

use serde_json::{Value, json};

use super::{Run, assert_counts, field, one_operator, one_site, sites_of, with_sites};
use crate::links::racing::{OUT_OF_ORDER, WRONG_LISTS};
use crate::samples::warehouse;

#[tokio::test]
async fn a_site_that_is_listed_no_more_is_inactive_until_it_is_again() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1, 2]), with_sites(8, &[2])])).await.with(200);
    assert_counts(&run.send(&json!([with_sites(7, &[])])).await, 1, 1, 1);
    assert_eq!(field(client, &one_site(1), "active").await, false);
    assert_eq!(field(client, &one_site(2), "active").await, true);
    let inactive = client.get(&format!("{}/sites?active=false", one_operator(7))).await.with(200);
    assert_eq!(inactive["items"].as_array().unwrap().len(), 2);
    assert_counts(&run.send(&json!([with_sites(8, &[])])).await, 1, 1, 1);
    assert_eq!(field(client, &one_site(2), "active").await, false);
    assert_counts(&run.send(&json!([with_sites(7, &[1])])).await, 2, 2, 0);
    assert_eq!(field(client, &one_site(1), "active").await, true);
    assert_eq!(sites_of(client, 7).await, [1]);
    for wrong in [OUT_OF_ORDER, WRONG_LISTS] {
        assert_eq!(warehouse.database.count(wrong).await, 0);
    }
}

#[tokio::test]
async fn operators_that_are_listed_no_more_are_inactive_with_their_links() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1, 2]), with_sites(8, &[2, 3])])).await.with(200);
    assert_counts(&run.send_all(&json!([with_sites(8, &[2, 3])])).await, 3, 0, 2);
    assert_eq!(field(client, &one_operator(7), "active").await, false);
    assert_eq!(field(client, &one_operator(8), "active").await, true);
    let active = async |id| field(client, &one_site(id), "active").await;
    assert_eq!((active(1).await, active(2).await), (json!(false), json!(true)));
    assert_eq!(sites_of(client, 7).await, [0_i64; 0]);
    // Nobody at all: the last request of a run may have no operators.
    assert_counts(&run.send_all(&json!([])).await, 0, 0, 3);
    assert_counts(&run.send_all(&json!([with_sites(7, &[1])])).await, 2, 2, 0);
    assert_eq!(warehouse.database.count(WRONG_LISTS).await, 0);
}

#[tokio::test]
async fn a_site_whose_links_were_removed_here_is_inactive_once_nobody_lists_it() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1]), with_sites(8, &[2])])).await.with(200);
    client.delete(&one_operator(7)).await.with(204);
    assert_eq!(field(client, &one_site(1), "active").await, true);
    assert_counts(&run.send_all(&json!([with_sites(8, &[2])])).await, 2, 0, 1);
    assert_eq!(field(client, &one_site(1), "active").await, false);
}

#[tokio::test]
async fn records_and_links_of_this_side_and_of_other_upstreams_stay() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    client.post(crate::owned::SITES, &crate::links::site(50)).await.with(201);
    client.post(crate::owned::OPERATORS, &crate::links::operator(60)).await.with(201);
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1])])).await.with(200);
    let other = Run::begin(client, "other").await;
    other.send_all(&json!([with_sites(8, &[2])])).await.with(200);
    client.put(&format!("{}/sites/50", one_operator(7)), &Value::Null).await.with(201);
    run.send_all(&json!([with_sites(7, &[])])).await.with(200);
    assert_eq!(sites_of(client, 7).await, [50]);
    for path in [one_site(50), one_operator(60), one_site(2), one_operator(8)] {
        assert_eq!(field(client, &path, "active").await, true, "{path}");
    }
    // What another upstream owns is not taken over, until it is removed here.
    let refused = run.send(&json!([with_sites(8, &[2])])).await;
    assert_counts(&refused, 0, 0, 0);
    for (index, (resource, id)) in [("site", "2"), ("operator", "8")].into_iter().enumerate() {
        let told = &refused["refused"][index];
        assert_eq!((&told["resource"], &told["id"]), (&json!(resource), &json!(id)));
        assert!(told["detail"].as_str().unwrap().contains("owned by other"), "{told}");
    }
    client.delete(&one_operator(8)).await.with(204);
    client.delete(&one_site(2)).await.with(204);
    assert_counts(&run.send(&json!([with_sites(8, &[2])])).await, 2, 2, 0);
    assert_eq!(field(client, &one_site(2), "source").await, "upstream");
}
