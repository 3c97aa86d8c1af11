//! Random JSON: whatever is posted, the service describes the problem, and never fails.

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::TestClient;

/// Returns a value that programs often mishandle.
fn odd_value(rng: &mut Rng, depth: u32) -> Value {
    let texts = ["", " ", "\0", "\u{feff}", "é🚚", "EUR", "2026-02-30", "placed", "\"\\'--", "1"];
    match rng.u32(0..if depth > 3 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(rng.u64(..)),
        4 => json!(rng.f64() * 1e300),
        5 => json!(rng.choice(texts)),
        6 => json!(rng.choice(texts).unwrap_or_default().repeat(rng.usize(0..3_000))),
        7 => (0..rng.usize(0..4)).map(|_| odd_value(rng, depth + 1)).collect(),
        _ => {
            let name = |rng: &mut Rng| rng.choice(texts).unwrap_or_default().to_owned();
            let fields = (0..rng.usize(0..4)).map(|_| (name(rng), odd_value(rng, depth + 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// Replaces values by odd ones, or removes fields.
fn spoil(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() && rng.u32(0..8) > 0 => {
            let name = rng.choice(fields.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
            match rng.u32(0..10) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(format!("{name}_"), odd_value(rng, 0))),
                _ => spoil(rng, fields.get_mut(&name).unwrap()),
            }
        }
        Value::Array(values) if !values.is_empty() && rng.u32(0..4) > 0 => {
            let index = rng.usize(0..values.len());
            spoil(rng, &mut values[index]);
        }
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => *other = odd_value(rng, 0),
    }
}

impl TestClient {
    /// Sends a valid body, spoilt in `times` random ways. Only 200, 201 and refusals are accepted.
    pub async fn assert_survives(&self, method: &Method, path: &str, good: &Value, times: u64) {
        for seed in 0..times {
            let mut rng = Rng::with_seed(seed);
            let mut body = good.clone();
            for _ in 0..rng.u32(1..4) {
                spoil(&mut rng, &mut body);
            }
            let answer = self.send(self.request(method.clone(), path).json(&body)).await;
            match answer.status {
                200..=299 => {}
                status @ (409 | 422) => answer.assert_problem(status),
                // Of some paths the contract knows no 422.
                400 if !answer.fields().is_empty() => answer.assert_problem(400),
                status => {
                    panic!("seed {seed}: {status} for {method} {path} {body}: {}", answer.text)
                }
            }
        }
    }
}
