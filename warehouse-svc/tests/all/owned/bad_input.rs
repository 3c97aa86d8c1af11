//! What is refused, and that nothing of it is written.

use program_kit::access::Role;
use reqwest::Method;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use test_kit::{TestService, TestTokens, changed, without};
use warehouse_svc::{PROGRAM, records};

use super::{KINDS, Kind};
use crate::samples::warehouse;

/// Values of a text that are refused, and whether null and a blank are.
fn bad_texts(most: usize, is_required: bool) -> Vec<Value> {
    let mut bad = vec![json!(1), json!(true), json!([]), json!({}), json!(["a"])];
    bad.extend([json!("a\0b"), json!("a\u{7}b"), json!("a\u{85}b"), json!("é".repeat(most + 1))]);
    if is_required {
        bad.extend([json!(null), json!(""), json!(" ")]);
    }
    bad
}

/// Changes of a record that are refused, and the field that the refusal names.
fn bad(kind: Kind) -> Vec<(Value, &'static str)> {
    let mut bad = vec![(json!({"colour": "red"}), "colour"), (json!({"\0": 1}), "\0")];
    for (names, is_required) in [(kind.required, true), (kind.optional, false)] {
        for name in names {
            let texts = bad_texts(255, is_required).into_iter().chain([json!("a\nb")]);
            bad.extend(texts.map(|text| (json!({ *name: text }), *name)));
        }
    }
    bad.extend(bad_texts(1_000, false).into_iter().map(|text| (json!({"note": text}), "note")));
    for name in ["active", "source", "version", "created_at", "updated_at"] {
        bad.push((json!({name: true}), name));
    }
    bad
}

#[tokio::test]
async fn a_field_that_does_not_fit_is_named() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        let created = kind.create(client, 1).await;
        for (change, field) in bad(kind) {
            let new = changed(&kind.record(2), &change);
            client.post(kind.path, &new).await.assert_refuses(422, field);
            let put = changed(&without(&kind.record(1), "id"), &change);
            client.put(&kind.one(1), &put).await.assert_refuses(422, field);
            client.patch(&kind.one(1), &change).await.assert_refuses(422, field);
        }
        for name in kind.required {
            client.post(kind.path, &without(&kind.record(2), name)).await.assert_refuses(422, name);
        }
        for id in [json!(null), json!(0), json!(-1), json!(1.5), json!("1"), json!(u64::MAX)] {
            let new = changed(&kind.record(2), &json!({"id": id}));
            client.post(kind.path, &new).await.assert_refuses(422, "id");
        }
        client.post(kind.path, &without(&kind.record(2), "id")).await.assert_refuses(422, "id");
        client.patch(&kind.one(1), &json!({"id": 2})).await.assert_refuses(422, "id");
        assert_eq!(client.get(&kind.one(1)).await.with(200).body, created.body);
    }
    assert_eq!(warehouse.rows().await.changes, 2);
}

#[tokio::test]
async fn every_text_may_be_as_long_as_is_documented() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        let mut record = kind.record(1);
        for name in kind.required.iter().chain(kind.optional) {
            record[*name] = json!("é".repeat(255));
        }
        record["note"] = json!("🚚\r\n\t".repeat(250));
        let answer = warehouse.client.post(kind.path, &record).await.with(201);
        for name in kind.required.iter().chain(kind.optional).chain(&["note"]) {
            assert_eq!(answer[*name], record[*name]);
        }
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_named_at_once() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        let answer = warehouse.client.post(kind.path, &json!({"note": 1})).await;
        let expected = [&["id"], kind.required, &["note"]].concat();
        assert_eq!((answer.status, answer.fields()), (422, expected), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_body_is_read_with_care_and_whatever_is_sent_nothing_breaks() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        kind.create(client, 1).await;
        let one = kind.one(1);
        for (method, path) in
            [(Method::POST, kind.path), (Method::PUT, &*one), (Method::PATCH, &*one)]
        {
            client.assert_reads_with_care(&method, path).await;
            let id = if method == Method::POST {
                kind.record(2)
            } else {
                without(&kind.record(1), "id")
            };
            client.assert_survives(&method, path, &id, 150).await;
        }
        client.assert_has_only(&[(kind.path, "GET, HEAD, POST")]).await;
        client.assert_has_only(&[(&one, "GET, HEAD, PUT, PATCH, DELETE")]).await;
    }
}

#[tokio::test]
async fn the_principal_stands_with_each_change() {
    let tokens = TestTokens::random();
    let access = tokens.settings();
    let adjust = |settings: &mut ServiceSettings| settings.access = access;
    let warehouse = TestService::start_with(PROGRAM.name, records(), adjust).await;
    let [writer, admin] =
        [Role::Write, Role::Admin].map(|role| warehouse.client.clone().with_token(tokens.of(role)));
    for kind in KINDS {
        kind.create(&writer, 1).await;
        admin.patch(&kind.one(1), &json!({"note": "x"})).await.with(200);
        writer.delete(&kind.one(1)).await.with(204);
        let by =
            |name| format!("changes where resource = '{}' and principal = '{name}'", kind.resource);
        assert_eq!(warehouse.database.count(&by("write")).await, 2);
        assert_eq!(warehouse.database.count(&by("admin")).await, 1);
    }
}
