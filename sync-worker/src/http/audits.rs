//! `/v1/audits`: comparing all orders of both sides now, the receipts, and the differences.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path};
use program_kit::access::{Caller, Rule};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared_models::runs::{MAX_RUNS, Run, RunState};

use super::describe_audits as describe;
use crate::audit::{self, Audits, Began, ShownAudit};

/// `GET /v1/audits`, `POST /v1/audits`, `GET /v1/audits/{number}`.
pub(super) fn routes() -> Routes {
    let mut all = read_endpoints(Rule::READ, || web::to(list), describe::list);
    all.push(endpoint(Method::POST, Rule::WRITE, web::to(begin), describe::begin));
    let one = read_endpoints(Rule::READ, || web::to(show), describe::one);
    Routes::default()
        .with(endpoints_of("/v1/audits", "use GET, or POST without a body to begin one", all))
        .with(endpoints_of("/v1/audits/{number}", "use GET", one))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Audits")]
pub(super) struct Listing {
    /// The seconds from one audit to the next; null where one is made only when somebody asks for it.
    interval: Option<f64>,
    /// The newest audits, newest first.
    items: Vec<ShownAudit>,
}

/// `GET /v1/audits`: the newest audits with their receipts, and the one under way with its progress.
async fn list(audits: Data<Audits>) -> Result<HttpResponse, Problem> {
    let interval = audits.interval().map(|interval| interval.as_secs_f64());
    let items = audit::audits(&runs(&audits).await?);
    Ok(HttpResponse::Ok().json(Listing { interval, items }))
}

/// `GET /v1/audits/{number}`: an audit with its differences.
async fn show(audits: Data<Audits>, number: Path<u64>) -> Result<HttpResponse, Problem> {
    let audit = audit::numbered(&runs(&audits).await?, *number).ok_or_else(|| {
        let detail =
            format!("no audit {number} is among the newest {MAX_RUNS} runs, which are asked for");
        Problem::new(Kind::NotFound, detail)
    })?;
    Ok(HttpResponse::Ok().json(audit))
}

/// `POST /v1/audits`: begins an audit, unless one is under way.
async fn begin(audits: Data<Audits>, caller: Caller) -> Result<HttpResponse, Problem> {
    let begun = audits.begin(caller.name().map(str::to_owned)).await;
    match begun.map_err(|failure| Problem::unavailable(failure.detail))? {
        Began::Begun(number) => {
            let location = ("Location", format!("/v1/audits/{number}"));
            let begun = json!({"number": number, "state": RunState::Running});
            Ok(HttpResponse::Accepted().insert_header(location).json(begun))
        }
        Began::Busy(run) => {
            let detail = format!("an audit is under way since {}", run.began_at.format("%FT%TZ"));
            Err(Problem::new(Kind::Conflict, detail))
        }
        Began::Off => {
            let detail =
                "comparing is switched off, and an audit needs it; set WORKER__COMPARE__ENABLED";
            Err(Problem::new(Kind::NotFound, detail))
        }
    }
}

async fn runs(audits: &Audits) -> Result<Vec<Run>, Problem> {
    let runs = audits.runs(MAX_RUNS).await;
    Ok(runs.map_err(|error| Problem::unavailable(error.to_string()))?.items)
}
