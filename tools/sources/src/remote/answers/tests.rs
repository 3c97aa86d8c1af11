use super::super::seed::seed;
use super::*;

const STORING: Behaviour = Behaviour { faking: false, reuses_ids: false, idempotency: false };
const FAKING: Behaviour = Behaviour { faking: true, reuses_ids: false, idempotency: false };
const WITH_KEYS: Behaviour = Behaviour { faking: false, reuses_ids: false, idempotency: true };

fn request(method: &str, target: &str, body: &'static str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        host: "h".to_owned(),
        content_type: "application/json".to_owned(),
        body: body.into(),
        ..Request::default()
    }
}

fn ask(records: &mut Records, behaviour: Behaviour, request: &Request) -> (u16, Value, bool) {
    let (answer, changes) = answer(records, behaviour, request);
    assert_eq!(answer.applied, !changes.is_empty());
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body, answer.applied)
}

#[test]
fn lists_and_records_are_answered_as_jsonplaceholder_does() {
    let mut records = seed(100);
    for behaviour in [STORING, FAKING] {
        let mut get = |target| ask(&mut records, behaviour, &request("GET", target, ""));
        let (status, posts, _) = get("/posts");
        assert_eq!((status, posts.as_array().unwrap().len()), (200, 100));
        assert_eq!(get("/comments").1.as_array().unwrap().len(), 500);
        assert_eq!(get("/posts/1").1["id"], 1);
        assert_eq!(get("/posts/101"), (404, json!({}), false));
        assert_eq!(get("/posts/x").0, 404);
        assert_eq!(get("/users").0, 404);
        assert_eq!(get("/posts/1/comments").1, get("/comments?postId=1").1);
        assert_eq!(get("/posts/1/comments?id=3").1.as_array().unwrap().len(), 1);
        assert_eq!(get("/posts/999/comments").1, json!([]));
    }
}

#[test]
fn a_record_is_created_replaced_merged_and_removed() {
    let mut records = seed(2);
    let mut ask = |method: &str, target: &str, body| {
        ask(&mut records, STORING, &request(method, target, body))
    };
    let stored = json!({"id": 3, "title": "a", "marker": "m"});
    assert_eq!(ask("POST", "/posts", r#"{"title": "a", "marker": "m"}"#), (201, stored, true));
    assert_eq!(ask("GET", "/posts?marker=m", "").1[0]["id"], 3);
    assert_eq!(
        ask("PUT", "/posts/3", r#"{"id": 9, "body": "b"}"#).1,
        json!({"id": 3, "body": "b"})
    );
    let merged = json!({"id": 3, "body": "b", "title": "c"});
    assert_eq!(ask("PATCH", "/posts/3", r#"{"title": "c"}"#), (200, merged, true));
    assert_eq!(ask("DELETE", "/posts/3", ""), (200, json!({}), true));
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert_eq!(ask(method, "/posts/3", "{}"), (404, json!({}), false));
    }
    assert_eq!(ask("DELETE", "/posts/1", "").0, 200);
    assert_eq!(ask("GET", "/comments?postId=1", "").1, json!([]));
    assert_eq!(ask("POST", "/posts", r#"{"id": 2}"#).0, 500);
    assert_eq!(ask("POST", "/posts", r#"{"id": 7}"#).1, json!({"id": 7}));
    assert_eq!(ask("POST", "/posts", "{").0, 400);
}

#[test]
fn jsonplaceholder_stores_nothing() {
    let mut records = seed(100);
    let mut ask = |method: &str, target: &str, body| {
        ask(&mut records, FAKING, &request(method, target, body))
    };
    for _ in 0..2 {
        let created = json!({"id": 101, "title": "a"});
        assert_eq!(ask("POST", "/posts", r#"{"title": "a"}"#), (201, created, false));
        assert_eq!(ask("POST", "/comments", "{}").1, json!({"id": 501}));
    }
    assert_eq!(ask("GET", "/posts/101", "").0, 404);
    assert_eq!(ask("PUT", "/posts/101", "{}"), (500, Value::Null, false));
    assert_eq!(ask("PUT", "/posts/1", "{}"), (200, json!({"id": 1}), false));
    assert_eq!(ask("PATCH", "/posts/101", r#"{"title": "a"}"#).1, json!({"title": "a"}));
    for id in ["1", "1", "101"] {
        assert_eq!(ask("DELETE", &format!("/posts/{id}"), ""), (200, json!({}), false));
    }
    assert_eq!(ask("GET", "/posts", "").1.as_array().unwrap().len(), 100);
}

#[test]
fn a_create_is_carried_out_once_for_each_key() {
    let mut records = seed(0);
    let with_key = |key: &str, body| {
        let idempotency_key = Some(key.to_owned());
        Request { idempotency_key, ..request("POST", "/posts", body) }
    };
    let first = ask(&mut records, WITH_KEYS, &with_key("a", r#"{"title": "t"}"#));
    assert_eq!(first, (201, json!({"id": 1, "title": "t"}), true));
    let again = ask(&mut records, WITH_KEYS, &with_key("a", r#"{"title": "t"}"#));
    assert_eq!(again, (201, first.1, false));
    assert_eq!(ask(&mut records, WITH_KEYS, &with_key("a", "{}")).0, 422);
    assert_eq!(ask(&mut records, WITH_KEYS, &with_key("b", "{}")).1, json!({"id": 2}));
    let ignored = ask(&mut records, STORING, &with_key("a", r#"{"title": "t"}"#));
    assert_eq!(ignored.1["id"], 3, "a remote that takes no key");
}

#[test]
fn a_part_of_a_list_says_how_many_there_are() {
    let (answer, _) =
        answer(&mut seed(30), STORING, &request("GET", "/posts?userId=1&_page=1", ""));
    let header =
        |wanted| answer.headers.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
    assert_eq!(header("x-total-count"), "10");
    assert!(header("link").starts_with("<http://h/posts?userId=1&_page=1&_limit=10>"));
}

#[test]
fn the_address_of_a_new_record_is_told() {
    let (answer, _) = answer(&mut seed(0), STORING, &request("POST", "/posts", "{}"));
    assert!(answer.headers.contains(&("location", "http://h/posts/1".to_owned())));
}
