//! Input that every service refuses in the same way, as a table. Each service adds its own.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, TestClient};

/// A body that is refused, and the field that the refusal names.
pub type Bad = (Value, &'static str);

/// Returns invalid deliveries, each as a change of a valid order whose lines look like `line`.
#[must_use]
pub fn bad_deliveries(line: &Value) -> Vec<Bad> {
    let mut cases = bad_texts();
    cases.extend(bad_dates());
    cases.extend(bad_lines(line));
    cases
}

/// Returns invalid values of a `field` that may be null, or text up to `max` characters.
#[must_use]
pub fn bad_optional_texts(field: &'static str, max: usize) -> Vec<Bad> {
    let values = [json!(""), json!(" \t\n"), json!("a\0b"), json!("é".repeat(max + 1))];
    let types = [json!(1), json!(true), json!([]), json!({}), json!(["a"])];
    values.into_iter().chain(types).map(|value| (json!({ field: value }), field)).collect()
}

fn bad_texts() -> Vec<Bad> {
    let mut cases = bad_optional_texts("company", 200);
    cases.extend(bad_optional_texts("address", 1_000));
    cases.extend(bad_optional_texts("comment", 2_000));
    cases.extend([(json!({"company": null}), "company"), (json!({"address": null}), "address")]);
    cases.push((json!({"colour": "red"}), "colour"));
    cases.push((json!({"version": 1}), "version"));
    cases.push((json!({"\0": 1}), "\0"));
    cases
}

fn bad_dates() -> Vec<Bad> {
    let texts = ["2026-02-30", "2026-13-01", "10000-01-01", "+10000-01-01", "0000-12-31", "soon"];
    let texts = texts.into_iter().chain(["", "2026-12-31T00:00:00Z", "31.12.2026", "2026-12-3\0"]);
    let values = texts.map(Value::from).chain([json!(20_261_231), json!(true), json!(["2026"])]);
    values.map(|value| (json!({"deliver_by": value}), "deliver_by")).collect()
}

fn bad_lines(line: &Value) -> Vec<Bad> {
    let whole = [json!([]), json!(null), json!({}), json!("bolt"), json!(vec![line; 2])];
    let mut cases = whole.map(|lines| (json!({"lines": lines}), "lines")).to_vec();
    let many = (0..201).map(|sku| with(line, "sku", &json!(sku.to_string()))).collect::<Vec<_>>();
    cases.push((json!({"lines": many}), "lines"));
    let mut with_line = |name: &str, value: Value, named| {
        cases.push((json!({"lines": [with(line, name, &value)]}), named));
    };
    for sku in [json!(""), json!(" "), json!("\0"), json!("é".repeat(65)), json!(7), json!(null)] {
        with_line("sku", sku, "lines[0].sku");
    }
    for quantity in bad_quantities() {
        with_line("quantity", quantity, "lines[0].quantity");
    }
    with_line("colour", json!("red"), "lines[0].colour");
    cases.extend([
        (json!({"lines": [without(line, "sku")]}), "lines[0].sku"),
        (json!({"lines": [line, without(line, "quantity")]}), "lines[1].quantity"),
        (json!({"lines": [line, 1]}), "lines[1]"),
        (json!({"lines": [["bolt", 4, 250]]}), "lines[0]"),
        (json!({"lines": [["bolt", 4]]}), "lines[0]"),
    ]);
    cases
}

fn bad_quantities() -> Vec<Value> {
    let mut bad = vec![json!(0), json!(-1), json!(1.5), json!(1e3), json!(1_000_001)];
    bad.extend([json!(u32::MAX), json!(u64::MAX), json!(1e300), json!(i64::MIN)]);
    bad.extend([json!("1"), json!(null), json!(true), json!([1]), json!({"n": 1})]);
    bad
}

fn with(object: &Value, name: &str, value: &Value) -> Value {
    let mut object = object.clone();
    object[name] = value.clone();
    object
}

/// Returns an object without one of its fields.
#[must_use]
pub fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

/// Returns a valid body with some fields changed.
#[must_use]
pub fn changed(good: &Value, fields: &Value) -> Value {
    let mut changed = good.clone();
    for (name, value) in fields.as_object().unwrap() {
        changed[name] = value.clone();
    }
    changed
}

/// Returns bodies that are not JSON.
fn unreadable() -> Vec<Vec<u8>> {
    let texts = ["", " ", "{", "nonsense", "{\"company\": \"Har", "{} {}", "{'company': 1}", "{,}"];
    let mut bodies = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    bodies.push(b"{\"company\": \"\xff\xfe\"}".to_vec());
    bodies.push(b"{\"company\": \"\\ud800\"}".to_vec());
    bodies.push(b"{\"company\": \"\\ud800\\u0041\"}".to_vec());
    bodies.push(b"{\"company\": \"a\0b\"}".to_vec());
    bodies.push(b"\xef\xbb\xbf{}".to_vec());
    bodies.push(b"{\"lines\": [{\"quantity\": 1e999}]}".to_vec());
    bodies.push(b"{\"lines\": [{\"quantity\": 01}]}".to_vec());
    bodies.push(b"{\"colour\": 1, \"company\": ".to_vec());
    bodies.push(format!("{{\"company\": {}", "[".repeat(100_000)).into_bytes());
    bodies.push(format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)).into_bytes());
    bodies
}

impl TestClient {
    /// Sends bodies that are not JSON objects to a path, and expects every one to be refused.
    pub async fn assert_reads_with_care(&self, method: &Method, path: &str) {
        for body in unreadable() {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let answer = self.send_text(method.clone(), path, body).await;
            assert_eq!(answer.status, 400, "{method} {path} {shown}: {}", answer.text);
            answer.assert_problem(400);
        }
        for body in ["[]", "null", "1", "\"text\"", "true", "[{}]"] {
            self.send_text(method.clone(), path, body).await.assert_refuses(422, "body");
        }
        let twice = "{\"company\": \"Harbour Tools\", \"company\": \"Harbour Tools\"}";
        self.assert_names(method, path, twice, "company").await;
        let twice = "{\"lines\": [{\"sku\": \"bolt\", \"quantity\": 1, \"sku\": null}]}";
        self.assert_names(method, path, twice, "lines[0].sku").await;
        self.assert_minds_the_headers(method, path).await;
    }

    /// Expects the refusal of an order's field to name it, and on a path of orders to say what is right.
    async fn assert_names(&self, method: &Method, path: &str, body: &'static str, field: &str) {
        let refused = self.send_text(method.clone(), path, body).await;
        refused.assert_problem(422);
        assert_eq!(refused["errors"][0]["field"], field, "{path}: {}", refused.text);
        if path.contains("orders") {
            refused.assert_refuses(422, field);
        }
    }

    async fn assert_minds_the_headers(&self, method: &Method, path: &str) {
        let typed = async |name, value: &str| {
            let request = self.request(method.clone(), path).header(name, value).body("{}");
            self.send(request).await
        };
        let untyped = self.send(self.request(method.clone(), path).body("{}")).await;
        untyped.assert_problem(415);
        for media_type in ["text/plain", "application/xml", "application/jsonp", "", "json"] {
            typed("content-type", media_type).await.assert_problem(415);
        }
        for media_type in [
            "application/json; charset=utf-8",
            "Application/JSON;charset=UTF-8",
            "application/merge-patch+json",
        ] {
            let answer: Answer = typed("content-type", media_type).await;
            assert_ne!(answer.status, 415, "{media_type}: {}", answer.text);
        }
        let request = self.request(method.clone(), path).header("content-encoding", "gzip");
        let request = request.header("content-type", "application/json").body("{}");
        self.send(request).await.assert_problem(415);
    }

    /// Sends each change of a valid body, and expects the answer to name the field.
    pub async fn assert_refuses_all(
        &self,
        method: &Method,
        path: &str,
        bad: Vec<Bad>,
        good: &Value,
    ) {
        for (fields, named) in bad {
            let body = changed(good, &fields);
            let answer = self.send(self.request(method.clone(), path).json(&body)).await;
            let shown = fields.to_string().chars().take(80).collect::<String>();
            assert_eq!(answer.status, 422, "{method} {shown}: {}", answer.text);
            answer.assert_refuses(422, named);
        }
    }
}
