//! `POST /v1/parked`: the worker's report of changes that it could not carry.

use actix_web::HttpResponse;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use serde_json::json;
use shared_models::SCHEMA;
use shared_models::parked::{MAX_BODY, MAX_PARKED, ParkedReport, ReportedChange};

use crate::error::Error;
use crate::parked::{Reported, report};
use crate::resource::Resources;
use crate::service::Service;

pub(super) async fn receive(
    service: Data<Service>,
    request: Body<ParkedReport>,
) -> Result<HttpResponse, Error> {
    let reported = read(&service.resources, request.0).map_err(Error::Invalid)?;
    let reporting = service.database.transaction::<_, Error>(async |connection| {
        Ok(report(connection, &service.resources, &service.offer_delays, &reported).await?)
    });
    let parked = reporting.await?;
    if parked > 0 {
        tracing::warn!(
            parked,
            "the worker parked changes that it could not carry; GET /v1/parked lists them"
        );
    }
    Ok(HttpResponse::Ok().json(json!({ "parked": parked })))
}

/// Returns the reported changes.
fn read(resources: &Resources, report: ParkedReport) -> Result<Vec<Reported>, Vec<FieldError>> {
    let refuse =
        |field: &str, problem: String| Err(vec![FieldError::new(field, problem, expected)]);
    let (schema, count) = (report.schema, report.changes.len());
    if schema != SCHEMA {
        return refuse("schema", format!("is {schema}, but only {SCHEMA} is supported"));
    }
    if count > MAX_PARKED {
        return refuse("changes", format!("has {count} changes"));
    }
    let (mut reported, mut errors) = (vec![], vec![]);
    for (index, change) in report.changes.into_iter().enumerate() {
        match read_one(resources, change) {
            Ok(change) => reported.push(change),
            Err(problem) => {
                errors.push(FieldError::new(format!("changes[{index}].body"), problem, expected));
            }
        }
    }
    if errors.is_empty() { Ok(reported) } else { Err(errors) }
}

fn read_one(resources: &Resources, change: ReportedChange) -> Result<Reported, String> {
    let ReportedChange { event_id: event, version, record, body, reason, may_pass } = change;
    let body = STANDARD.decode(body).map_err(|error| format!("is not base64: {error}"))?;
    if body.len() > MAX_BODY {
        return Err(format!("has {} bytes", body.len()));
    }
    // A reason may quote anything, and PostgreSQL cannot store NUL in a text.
    let record = record.resource.zip(record.key);
    let record = record.and_then(|(name, key)| resources.record(&name, &key));
    let reason = reason.replace('\0', "\u{fffd}");
    Ok(Reported { event, version, record, body, reason, may_pass })
}

fn expected(field: &str) -> Option<&'static str> {
    match field {
        "schema" => Some("a supported version of the report"),
        "changes" => Some("at most 500 changes"),
        "body" => Some("the message's first bytes, at most 262,144, in base64"),
        _ => None,
    }
}
