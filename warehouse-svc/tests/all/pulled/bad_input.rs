//! What is refused: records that do not fit, and requests.

use reqwest::Method;
use serde_json::{Value, json};
use test_kit::{changed, without};
use uuid::Uuid;

use super::{PULLED, Run, assert_counts, field, one_operator, one_site, sites_of, with_sites};
use crate::samples::warehouse;

/// Values of a record's id that cannot be read.
fn bad_ids() -> [Value; 7] {
    [json!(null), json!(0), json!(-1), json!(1.5), json!("1"), json!([]), json!(u64::MAX)]
}

#[tokio::test]
async fn a_record_that_does_not_fit_is_named_and_the_rest_stands() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    run.send(&json!([with_sites(7, &[1, 2])])).await.with(200);
    for (name, wrong) in [
        ("name", json!(null)),
        ("name", json!(" ")),
        ("line1", json!("é".repeat(256))),
        ("city", json!("a\0b")),
        ("phone", json!("a\nb")),
        ("fax", json!(5)),
    ] {
        let mut pulled = json!([with_sites(7, &[1, 2, 3])]);
        pulled[0]["sites"][0][name] = wrong;
        let answer = run.send(&pulled).await.with(200);
        assert_eq!((&answer["upserted"], &answer["refused"][0]["id"]), (&json!(3), &json!("1")));
        assert_eq!(answer["refused"].as_array().unwrap().len(), 1, "{}", answer.text);
        let detail = answer["refused"][0]["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{name}: ")) && detail.contains("expected"),
            "{detail}"
        );
        assert_eq!(answer["refused"][0]["resource"], "site");
    }
    assert_eq!(sites_of(client, 7).await, [1, 2, 3]);
    assert_eq!(field(client, &one_site(1), "version").await, 1);
    let mut pulled = json!([with_sites(7, &[1]), with_sites(8, &[4])]);
    pulled[0]["record"]["email"] = json!(null);
    let answer = run.send(&pulled).await;
    assert_counts(&answer, 3, 2, 2);
    let told = &answer["refused"][0];
    assert_eq!((&told["resource"], &told["id"]), (&json!("operator"), &json!("7")));
    assert_eq!(field(client, &one_operator(7), "email").await, "user7@example.com");
    assert_eq!(sites_of(client, 7).await, [1], "its list of sites is known all the same");
}

#[tokio::test]
async fn a_record_without_an_id_is_named_by_its_place() {
    let warehouse = warehouse().await;
    let run = Run::begin(&warehouse.client, "upstream").await;
    for id in bad_ids() {
        let mut pulled = json!([with_sites(7, &[1, 2]), with_sites(8, &[3])]);
        pulled[0]["sites"][1]["id"] = id.clone();
        pulled[1]["record"]["id"] = id;
        let answer = run.send(&pulled).await.with(200);
        let ids = [0, 1].map(|index| answer["refused"][index]["id"].clone());
        assert_eq!(ids, ["operators[0].sites[1]", "operators[1].record"]);
        assert_eq!(answer["upserted"], 3);
    }
    for record in [json!(null), json!([1]), json!("x")] {
        let answer = run.send(&json!([{"record": record, "sites": [record]}])).await.with(200);
        let ids = [0, 1].map(|index| answer["refused"][index]["id"].clone());
        assert_eq!(ids, ["operators[0].sites[0]", "operators[0].record"]);
    }
}

#[tokio::test]
async fn with_strict_nothing_is_written_if_a_record_does_not_fit() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let before = warehouse.rows().await;
    let mut pulled = json!([with_sites(7, &[1, 2])]);
    let strict = |pulled: &Value| changed(&run.body(pulled), &json!({"strict": true}));
    pulled[0]["sites"][1]["name"] = json!(null);
    pulled[0]["record"]["email"] = json!(1);
    let refused = client.post(PULLED, &strict(&pulled)).await;
    refused.assert_refuses(422, "operators[0].sites[1].name");
    refused.assert_refuses(422, "operators[0].record.email");
    assert_eq!(warehouse.rows().await, before);
    client.get(&one_site(1)).await.assert_problem(404);
    let good = json!([with_sites(7, &[1, 2])]);
    assert_counts(&client.post(PULLED, &strict(&good)).await, 3, 3, 0);
    let other = Run::begin(client, "other").await;
    let body = changed(&other.body(&good), &json!({"strict": true}));
    client.post(PULLED, &body).await.assert_refuses(422, "operators[0].record.id");
}

#[tokio::test]
async fn an_id_twice_is_counted_once_and_the_last_stands() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let mut pulled = json!([with_sites(7, &[1, 1]), with_sites(7, &[2]), with_sites(8, &[2])]);
    pulled[0]["sites"][1]["name"] = json!("last");
    pulled[1]["record"]["email"] = json!("last@example.com");
    pulled[2]["sites"][0]["name"] = json!("last, too");
    let answer = run.send(&pulled).await;
    assert_counts(&answer, 4, 4, 0);
    assert_eq!(answer["refused"], json!([]));
    assert_eq!(field(client, &one_site(1), "name").await, "last");
    assert_eq!(field(client, &one_site(2), "name").await, "last, too");
    assert_eq!(field(client, &one_operator(7), "email").await, "last@example.com");
    assert_eq!(sites_of(client, 7).await, [2]);
    assert_eq!(warehouse.rows().await.changes, 4);
}

#[tokio::test]
async fn a_run_that_is_not_under_way_writes_nothing() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let pulled = json!([with_sites(7, &[1])]);
    let unknown = changed(&run.body(&pulled), &json!({"run": Uuid::now_v7()}));
    client.post(PULLED, &unknown).await.assert_problem(409);
    let other = changed(&run.body(&pulled), &json!({"source": "other"}));
    client.post(PULLED, &other).await.assert_problem(409);
    assert_eq!(warehouse.database.count("sites").await, 0);
    run.send(&pulled).await.with(200);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_refused() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let run = Run::begin(client, "upstream").await;
    let body = run.body(&json!([with_sites(7, &[1])]));
    let sites = json!([{"record": {}, "sites": vec![json!({}); 10_001]}]);
    let operators = json!(vec![json!({"record": {}, "sites": []}); 1_001]);
    for (change, field) in [
        (json!({"source": ""}), "source"),
        (json!({"source": "a b"}), "source"),
        (json!({"source": "é".repeat(65)}), "source"),
        (json!({"run": "x"}), "run"),
        (json!({"strict": "yes"}), "strict"),
        (json!({"operators": {}}), "operators"),
        (json!({"operators": operators}), "operators"),
        (json!({"operators": sites}), "sites"),
        (json!({"operators": [{"record": {}}]}), "operators[0].sites"),
        (json!({"operators": [{"sites": []}]}), "operators[0].record"),
        (json!({"all_operators": [true]}), "all_operators[0]"),
        (json!({"colour": "red"}), "colour"),
    ] {
        client.post(PULLED, &changed(&body, &change)).await.assert_refuses(422, field);
    }
    for name in ["source", "run", "operators"] {
        client.post(PULLED, &without(&body, name)).await.assert_refuses(422, name);
    }
    client.assert_reads_with_care(&Method::POST, PULLED).await;
    client.assert_survives(&Method::POST, PULLED, &body, 300).await;
    client.assert_has_only(&[(PULLED, "POST")]).await;
}
