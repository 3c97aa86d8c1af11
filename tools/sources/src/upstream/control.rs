//! The part of `/control` that changes the upstream's users and warehouses.

use serde::Deserialize;
use serde_json::{Value, json};

use super::data::{Data, Record};
use crate::http::{Answer, Request};
use crate::steering::{done, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Me {
    id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    bare_list: bool,
}

/// Returns the answer to a request that shows or changes data, and the data as they then are; none
/// if it is about something else.
pub(super) fn answer(data: &Data, request: &Request, path: &[&str]) -> Option<(Answer, Data)> {
    let mut new = data.clone();
    let outcome = match (request.method.as_str(), path) {
        ("GET", ["data"]) => return Some((Answer::json(200, data), new)),
        ("PUT", ["me"]) => read(request).map(|Me { id }| new.me = id),
        ("PUT", ["shape"]) => read(request).map(|Shape { bare_list }| new.bare_list = bare_list),
        (method, ["users", user]) => {
            let user = id(user);
            match method {
                "PUT" => both(user, fields(request)).map(|(id, fields)| new.put_user(id, fields)),
                "DELETE" => user.and_then(|id| was_there(new.remove_user(id))),
                _ => return None,
            }
        }
        (method, ["warehouses", warehouse]) => {
            let id = id(warehouse);
            match method {
                "PUT" => {
                    both(id, fields(request)).map(|(id, fields)| new.put_warehouse(id, fields))
                }
                "DELETE" => id.and_then(|id| was_there(new.remove_warehouse(id))),
                _ => return None,
            }
        }
        (method, ["users", user, "warehouses"]) => {
            let user = id(user);
            match method {
                "PUT" => both(user, read(request)).map(|(id, verbatim): (_, Value)| {
                    new.set_verbatim(id, Some(verbatim));
                }),
                "DELETE" => user.map(|id| new.set_verbatim(id, None)),
                _ => return None,
            }
        }
        (method, ["users", user, "warehouses", warehouse]) => {
            let ids = both(id(user), id(warehouse));
            match method {
                "PUT" => ids.map(|(user, warehouse)| new.link(user, warehouse)),
                "DELETE" => ids.and_then(|(user, id)| was_there(new.unlink(user, id))),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((done(outcome.map(|()| json!({}))), new))
}

fn id(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text}: expected a number"))
}

/// Returns both values, or the first problem.
fn both<A, B>(one: Result<A, String>, other: Result<B, String>) -> Result<(A, B), String> {
    Ok((one?, other?))
}

/// Returns the fields in a body. Without a body there are none.
fn fields(request: &Request) -> Result<Record, String> {
    if request.body.is_empty() { Ok(Record::new()) } else { read(request) }
}

fn was_there(was_there: bool) -> Result<(), String> {
    if was_there { Ok(()) } else { Err("there is none".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_can_be_asked_for() {
        let mut data = Data::made(1, 2, false);
        let mut ask = |method: &str, path: &[&str], body: &'static str| {
            let request =
                Request { method: method.to_owned(), body: body.into(), ..Request::default() };
            let (answer, new) = answer(&data, &request, path)?;
            data = new;
            Some(answer.status)
        };
        assert_eq!(ask("PUT", &["users", "300"], r#"{"first_name": "Eve"}"#), Some(200));
        assert_eq!(ask("PUT", &["me"], r#"{"id": 300}"#), Some(200));
        assert_eq!(ask("PUT", &["users", "300", "warehouses", "2"], ""), Some(200));
        assert_eq!(ask("PUT", &["warehouses", "2"], r#"{"name": "New"}"#), Some(200));
        assert_eq!(ask("DELETE", &["users", "233", "warehouses", "1"], ""), Some(200));
        assert_eq!(ask("DELETE", &["warehouses", "1"], ""), Some(200));
        assert_eq!(ask("DELETE", &["warehouses", "1"], ""), Some(400));
        assert_eq!(ask("PUT", &["users", "233", "warehouses"], "[{}]"), Some(200));
        assert_eq!(ask("PUT", &["users", "x"], ""), Some(400));
        assert_eq!(ask("PUT", &["shape"], r#"{"bare": true}"#), Some(400));
        assert_eq!(ask("GET", &["data"], ""), Some(200));
        assert_eq!(ask("GET", &["else"], ""), None);
        assert_eq!(data.me().unwrap()["first_name"], "Eve");
        assert_eq!(data.warehouses_of(300).unwrap()["warehouses"][0]["name"], "New");
        assert_eq!(data.warehouses_of(233).unwrap()["warehouses"], json!([{}]));
    }
}
