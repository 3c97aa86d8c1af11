//! Parked changes at fake sides: kept, listed page by page, replayed and dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::sides::FakeSide;

/// The parked changes of a side, oldest first.
type Shelf = Arc<Mutex<Vec<Value>>>;

/// A change that was parked at a side.
pub(crate) fn parked(id: Uuid, reason: &str) -> Value {
    json!({
        "id": id, "event_id": Uuid::from_u128(9), "resource": "order", "key": Uuid::from_u128(7),
        "state": "parked", "reason": reason, "attempts": 2,
        "first_at": "2026-11-20T10:00:00Z", "last_at": "2026-11-20T10:05:00Z", "offer_at": null,
        "overtaken": true, "acted_by": null, "acted_at": null, "body": {"schema": 2},
    })
}

/// Makes this side keep these parked changes.
pub(crate) async fn keep(side: &FakeSide, changes: Vec<Value>) {
    let shelf: Shelf = Arc::new(Mutex::new(changes));
    let with = |answer: fn(&mut [Value], &Request) -> ResponseTemplate| {
        let shelf = Arc::clone(&shelf);
        move |request: &Request| answer(&mut shelf.lock().unwrap(), request)
    };
    let mocks = [
        Mock::given(method("GET")).and(path("/v1/parked")).respond_with(with(list)),
        Mock::given(method("GET")).and(path_regex("^/v1/parked/.")).respond_with(with(show)),
        Mock::given(method("POST"))
            .and(path_regex("^/v1/parked/(replay|drop)$"))
            .respond_with(with(settle)),
    ];
    for mock in mocks {
        side.mount(mock).await;
    }
}

/// Answers a request for a page. Its cursor is the number of changes before it.
fn list(shelf: &mut [Value], request: &Request) -> ResponseTemplate {
    let query: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
    let state = query.get("state").map_or("parked", String::as_str);
    let number = |name: &str, or: usize| query.get(name).map_or(Ok(or), |value| value.parse());
    let (Ok(limit), Ok(skip)) = (number("limit", 50), number("cursor", 0)) else {
        let problem =
            json!({"status": 400, "title": "odd", "type": "odd", "detail": "limit is odd"});
        return ResponseTemplate::new(400).set_body_json(problem);
    };
    let wanted = |change: &&Value| state == "all" || change["state"] == state;
    let all: Vec<_> = shelf.iter().filter(wanted).collect();
    let items: Vec<_> = all.iter().skip(skip).take(limit).collect();
    let end = skip + items.len();
    let next = (end < all.len()).then(|| format!("/v1/parked?state={state}&cursor={end}"));
    ResponseTemplate::new(200).set_body_json(json!({"items": items, "next": next}))
}

fn show(shelf: &mut [Value], request: &Request) -> ResponseTemplate {
    let id = request.url.path().rsplit('/').next().unwrap();
    match shelf.iter().find(|change| change["id"] == id) {
        Some(change) => ResponseTemplate::new(200).set_body_json(change),
        None => ResponseTemplate::new(404),
    }
}

fn settle(shelf: &mut [Value], request: &Request) -> ResponseTemplate {
    let selection: Value = serde_json::from_slice(&request.body).unwrap();
    let state = if request.url.path().ends_with("drop") { "dropped" } else { "offered" };
    let (mut changed, mut left) = (0, vec![]);
    let named: Vec<_> = match selection["ids"].as_array() {
        Some(ids) => ids.clone(),
        None => shelf.iter().map(|change| change["id"].clone()).collect(),
    };
    for id in named {
        let reason = match shelf.iter_mut().find(|change| change["id"] == id) {
            Some(change) if change["state"] == "parked" => {
                change["state"] = json!(state);
                changed += 1;
                continue;
            }
            Some(_) => "it is settled already",
            None => "there is no parked change of this id",
        };
        left.push(json!({"id": id, "reason": reason}));
    }
    if selection["all"] == true {
        left.clear();
    }
    ResponseTemplate::new(200).set_body_json(json!({"changed": changed, "left": left}))
}
