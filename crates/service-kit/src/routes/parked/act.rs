//! `POST /v1/parked/replay`, `POST /v1/parked/drop`: a person's actions on parked changes.

use actix_web::HttpResponse;
use actix_web::web::Data;
use program_kit::access::Caller;
use program_kit::http::body::Body;
use program_kit::http::problem::FieldError;
use shared_models::parked::{MAX_PARKED, ParkedAction, Selection};

use crate::error::Error;
use crate::parked;
use crate::service::Service;

pub(super) async fn act(
    action: ParkedAction,
    service: Data<Service>,
    caller: Caller,
    selection: Body<Selection>,
) -> Result<HttpResponse, Error> {
    let ids = match selection.0 {
        Selection { all: Some(true), ids: None } => None,
        Selection { all: None, ids: Some(ids) } if ids.len() <= MAX_PARKED => Some(ids),
        Selection { .. } => return Err(invalid_selection()),
    };
    let acting = service.database.transaction::<_, Error>(async |connection| {
        let (resources, ids) = (&service.resources, ids.as_deref());
        Ok(parked::act(connection, resources, action, ids, caller.name()).await?)
    });
    let result = acting.await?;
    match action {
        ParkedAction::Replay => service.relay.wake_tasks(),
        // Logged, because they are not offered any more; when all were dropped, the rows show
        // which.
        ParkedAction::Drop => {
            tracing::warn!(dropped = result.changed, ?ids, "parked changes were dropped");
        }
    }
    Ok(HttpResponse::Ok().json(result))
}

fn invalid_selection() -> Error {
    let expected = "expected exactly one of {\"all\": true}, {\"ids\": [up to 500]}";
    Error::Invalid(vec![FieldError::new("body", expected, |_| None)])
}
