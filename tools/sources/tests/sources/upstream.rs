//! The upstream: its token, and the answers that need one.

use reqwest::{Client, StatusCode};
use sample_sources::upstream::{Options, Upstream};
use serde_json::{Value, json};
use test_kit::http;

async fn log_in(client: &Client, base: &str, password: &str) -> reqwest::Response {
    let login = json!({"grant_type": "password", "username": "sample", "password": password,
        "scope": "default"});
    client.post(format!("{base}/auth")).json(&login).send().await.unwrap()
}

async fn get(client: &Client, url: &str, token: &str) -> (u16, Value) {
    let answer = client.get(url).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_token_opens_the_users_until_it_expires() {
    let token = Some("static".to_owned());
    let upstream = Upstream::start(Options { token, ..Options::default() }).await.unwrap();
    let (client, base) = (http().build().unwrap(), format!("{}/api/v1", upstream.url()));
    assert_eq!(log_in(&client, &base, "wrong").await.status(), StatusCode::UNAUTHORIZED);
    let login: Value = log_in(&client, &base, "sample").await.json().await.unwrap();
    assert_eq!((&login["token_type"], &login["expires_in"]), (&json!("bearer"), &json!(3600)));
    let token = login["access_token"].as_str().unwrap();

    let me = format!("{base}/iam/users/me");
    let (status, user) = get(&client, &me, token).await;
    assert_eq!(
        (status, &user["id"], &user["warehouses"]),
        (200, &json!(233), &json!([1, 2, 3, 4, 5]))
    );
    let (status, user) = get(&client, &format!("{base}/iam/users/233/warehouses"), token).await;
    assert_eq!((status, &user["warehouses"][4]["name"]), (200, &json!("Warehouse 5")));
    assert_eq!(get(&client, &me, "other").await.0, 401);
    assert_eq!(client.get(&me).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    assert_eq!(upstream.expire_tokens(), 1);
    assert_eq!(get(&client, &me, token).await.0, 401);
    assert_eq!(get(&client, &me, "static").await.0, 200);
    let logged = format!("{:?}", upstream.steering().ledger());
    assert!(!logged.contains("\"sample\"") && !logged.contains("grant_type"), "{logged}");
}

#[tokio::test]
async fn its_data_are_changed_over_http_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        file: Some(folder.path().join("upstream.json")),
        token: Some("t".to_owned()),
        ..Options::default()
    };
    let upstream = Upstream::start(options.clone()).await.unwrap();
    let (client, control) = (http().build().unwrap(), format!("{}/control", upstream.url()));
    let put = |path: &str| client.put(format!("{control}/{path}"));
    let renamed = put("warehouses/2").json(&json!({"name": "Renamed"})).send().await.unwrap();
    assert_eq!(renamed.status(), StatusCode::OK);
    let unlinked = client.delete(format!("{control}/users/233/warehouses/1")).send().await;
    assert_eq!(unlinked.unwrap().status(), StatusCode::OK);
    upstream.stop().await;

    let upstream = Upstream::start(options).await.unwrap();
    let url = format!("{}/iam/users/233/warehouses", upstream.url());
    let (_, user) = get(&client, &url, "t").await;
    assert_eq!(user["warehouses"].as_array().unwrap().len(), 4);
    assert_eq!(user["warehouses"][0]["name"], "Renamed");
    upstream.set_verbatim(233, Some(json!("no list"))).unwrap();
    upstream.set_bare_list(true).unwrap();
    assert_eq!(get(&client, &url, "t").await.1, json!("no list"));
}
