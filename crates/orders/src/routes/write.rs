//! Setting orders: completely, or by a merge patch.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use program_kit::access::Caller;
use program_kit::http::body::{Body, parse_value};
use program_kit::http::conditional::Precondition;
use program_kit::http::problem::FieldError;
use serde_json::Value;
use service_kit::error::{Error, internal};
use uuid::Uuid;

use super::answer;
use crate::{Domain, Draft, Edit, Order, Writer, shared_errors};

pub(super) async fn put<D: Domain>(
    request: HttpRequest,
    caller: Caller,
    writer: Data<Writer<D>>,
    id: Path<Uuid>,
    body: Body<Value>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    // Parsed before the order is looked up: an invalid body is invalid for any order.
    let settable: D::Settable = parse_value(body.0, D::expectation).map_err(invalid)?;
    let to_draft = move |order: &_| checked::<D>(order, settable.clone());
    edit_and_answer(&writer, *id, Edit::new(&caller, precondition, to_draft)).await
}

pub(super) async fn patch<D: Domain>(
    request: HttpRequest,
    caller: Caller,
    writer: Data<Writer<D>>,
    id: Path<Uuid>,
    body: Body<Value>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    let to_draft = move |order: &_| {
        let settable = serde_json::to_value(D::settable(order));
        let mut settable = settable.map_err(|error| unshowable::<D>(&error))?;
        apply_patch::<D>(&mut settable, &body.0)?;
        checked::<D>(order, parse_value(settable, D::expectation).map_err(invalid)?)
    };
    edit_and_answer(&writer, *id, Edit::new(&caller, precondition, to_draft)).await
}

async fn edit_and_answer<D: Domain>(
    writer: &Writer<D>,
    id: Uuid,
    edit: Edit<D::Private>,
) -> Result<HttpResponse, Error> {
    Ok(answer::<D>(HttpResponse::Ok(), &writer.edit(id, edit).await?.order))
}

/// Applies a merge patch (RFC 7396). A status is never empty, so it cannot be null.
fn apply_patch<D: Domain>(settable: &mut Value, patch: &Value) -> Result<(), Error> {
    if patch.get("status") == Some(&Value::Null) {
        return Err(invalid(FieldError::new("status", "cannot be null", D::expectation)));
    }
    json_patch::merge(settable, patch);
    Ok(())
}

fn invalid(error: FieldError) -> Error {
    Error::Invalid(vec![error])
}

fn unshowable<D: Domain>(error: &serde_json::Error) -> Error {
    tracing::error!(%error, side = %D::SIDE, "an order cannot be serialized");
    Error::Request(internal())
}

fn checked<D: Domain>(
    order: &Order<D::Private>,
    settable: D::Settable,
) -> Result<Draft<D::Private>, Error> {
    let (draft, mut errors) = D::draft(order, settable);
    errors.extend(shared_errors::<D>(&draft));
    match errors.is_empty() {
        true => Ok(Draft { delivery: draft.delivery.normalised(), ..draft }),
        false => Err(Error::Invalid(errors)),
    }
}
