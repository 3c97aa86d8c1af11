//! The steering over HTTP: what of `/control` both sources have.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Rate, Rule, Steering};
use crate::http::{Answer, Request, Source};

/// The number of entries of the ledger in an answer, if the request does not say.
const PAGE: usize = 1_000;

/// Answers a request to `/control`; `path` has the segments after it.
pub(crate) fn answer(
    steering: &Steering,
    source: &impl Source,
    request: &Request,
    path: &[&str],
) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", ["rules"]) => ok(&steering.rules()),
        ("POST", ["rules"]) => done(read(request).and_then(|rule: Rule| {
            let id = steering.add(rule).map_err(|problem| problem.to_string())?;
            Ok(json!({ "id": id }))
        })),
        ("DELETE", ["rules"]) => {
            steering.clear();
            ok(&json!({}))
        }
        ("DELETE", ["rules", id]) => match id.parse().is_ok_and(|id| steering.remove(id)) {
            true => ok(&json!({})),
            false => Answer::refusal(404, format!("there is no rule {id}")),
        },
        ("GET", ["rate"]) => ok(&steering.rate()),
        ("PUT", ["rate"]) => done(read(request).and_then(|rate: Rate| {
            steering.limit(Some(rate)).map_err(|problem| problem.to_string())?;
            Ok(json!(rate))
        })),
        ("DELETE", ["rate"]) => done(match steering.limit(None) {
            Ok(()) => Ok(json!({})),
            Err(problem) => Err(problem.to_string()),
        }),
        ("GET", ["ledger"]) => ledger(steering, request),
        ("DELETE", ["ledger"]) => {
            steering.forget();
            ok(&json!({}))
        }
        ("GET", ["counts"]) => ok(&steering.counts()),
        ("POST", ["reset"]) => {
            steering.reset();
            done(source.reset().map(|()| json!({})).map_err(|error| format!("{error:#}")))
        }
        _ => source.control(request, path).unwrap_or_else(|| {
            let (method, path) = (&request.method, &request.path);
            Answer::refusal(404, format!("no {method} {path}; README.md lists what there is"))
        }),
    }
}

fn ledger(steering: &Steering, request: &Request) -> Answer {
    let fields = request.fields();
    let number = |name| {
        let text = fields.iter().find(|(field, _)| field == name).map(|(_, text)| text);
        text.map(|text| text.parse::<u64>().map_err(|_| format!("{name}: expected a number")))
    };
    let page = || {
        let after = number("after").transpose()?.unwrap_or_default();
        let limit = number("limit").transpose()?.map(usize::try_from);
        let limit = limit.transpose().map_err(|error| error.to_string())?.unwrap_or(PAGE);
        Ok(json!(steering.ledger_after(after, limit)))
    };
    done(page())
}

/// Reads the JSON in a request's body.
pub(crate) fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| format!("the body is malformed: {error}"))
}

/// Returns the answer with what was done, or with what is wrong with the request.
pub(crate) fn done(outcome: Result<serde_json::Value, String>) -> Answer {
    match outcome {
        Ok(body) => ok(&body),
        Err(problem) => Answer::refusal(400, problem),
    }
}

fn ok(body: &impl Serialize) -> Answer {
    Answer::json(200, body)
}
