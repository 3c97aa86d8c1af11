//! Runs in the words of the service that Lockstep replaces (`/api/syncall`, `/api/syncast`,
//! `/api/synlast`). Pure.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shared_models::runs::{Run, RunFailure};

use super::outbound::Reason;
use super::token::NO_TOKEN;

/// The answer to a run that was only started.
const STARTED: &str = "Soukosync.Caller.cast_sync casted";

/// A run, as clients of the old service know it: its fields are in this order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "EarlierAnswer")]
pub struct OldAnswer {
    /// A text, or null, or the reason of a failure.
    data: Value,
    date: String,
    /// `ok` or `error`.
    response: &'static str,
}

impl OldAnswer {
    /// Returns the answer about a run that is over.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let data = match &run.failure {
            None => {
                let upserted = run.counts.get("upserted").copied().unwrap_or(0);
                return Self::new(json!(format!("{upserted} upserted")), run.began_at, "ok");
            }
            Some(failure) => failed(failure),
        };
        Self::new(data, run.began_at, "error")
    }

    /// Returns the answer about a run that could not begin.
    #[must_use]
    pub fn not_begun(failure: &RunFailure, now: DateTime<Utc>) -> Self {
        Self::new(failed(failure), now, "error")
    }

    /// Returns the answer about a run that was started.
    #[must_use]
    pub fn started(now: DateTime<Utc>) -> Self {
        Self::new(json!(STARTED), now, "ok")
    }

    fn new(data: Value, date: DateTime<Utc>, response: &'static str) -> Self {
        Self { data, date: date.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(), response }
    }
}

fn failed(failure: &RunFailure) -> Value {
    match failure.reason.as_str() {
        NO_TOKEN => Value::Null,
        reason if reason == Reason::Status(401).word() => json!(reason),
        reason => json!({"__exception__": true, "id": null, "reason": reason}),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared_models::runs::RunState;
    use uuid::Uuid;

    use super::*;

    fn run(reason: Option<&str>) -> Run {
        let began_at = DateTime::parse_from_rfc3339("2020-08-16T11:34:23.588901Z").unwrap();
        let failure =
            reason.map(|reason| RunFailure { reason: reason.to_owned(), detail: "why".to_owned() });
        Run {
            id: Uuid::nil(),
            job: "upstream".to_owned(),
            task: "pull".to_owned(),
            requested: true,
            principal: None,
            state: RunState::Succeeded,
            began_at: began_at.to_utc(),
            ended_at: None,
            counts: BTreeMap::from([("upserted".to_owned(), 6)]),
            failure,
            refused: vec![],
            again_at: None,
            report: None,
        }
    }

    fn told(answer: &OldAnswer) -> String {
        serde_json::to_string(answer).unwrap()
    }

    #[test]
    fn a_run_is_told_letter_by_letter_as_before() {
        let expected =
            r#"{"data":"6 upserted","date":"2020-08-16T11:34:23.588901Z","response":"ok"}"#;
        assert_eq!(told(&OldAnswer::of(&run(None))), expected);
        let cases = [
            ("timeout", r#"{"__exception__":true,"id":null,"reason":"timeout"}"#),
            ("nxdomain", r#"{"__exception__":true,"id":null,"reason":"nxdomain"}"#),
            ("unauthorized", r#""unauthorized""#),
            ("no_token", "null"),
        ];
        for (reason, data) in cases {
            let expected = format!(
                r#"{{"data":{data},"date":"2020-08-16T11:34:23.588901Z","response":"error"}}"#
            );
            assert_eq!(told(&OldAnswer::of(&run(Some(reason)))), expected);
        }
    }

    #[test]
    fn a_run_that_was_started_is_told_as_before() {
        let now = run(None).began_at;
        let expected = r#"{"data":"Soukosync.Caller.cast_sync casted","date":"2020-08-16T11:34:23.588901Z","response":"ok"}"#;
        assert_eq!(told(&OldAnswer::started(now)), expected);
    }
}
