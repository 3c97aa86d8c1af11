//! Setting orders: whole, or by a merge patch. What a site does besides goes through [`write`] too.

use std::slice;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use uuid::Uuid;

use super::answer;
use crate::access::Caller;
use crate::error::Error;
use crate::http::body::{Body, parse_value};
use crate::http::conditional::Precondition;
use crate::http::problem::{FieldError, Problem};
use crate::orders::{Domain, Draft, Order, change, now, shared_errors, storage};
use crate::service::Service;

/// What came of a write.
#[derive(Debug)]
pub struct Written<P> {
    /// The order as it stands now.
    pub order: Order<P>,
    /// Whether it is different from before.
    pub changed: bool,
}

pub(super) async fn put<D: Domain>(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<Uuid>,
    body: Body<Value>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    // Before the order is looked for: what does not fit does not fit any order.
    let settable: D::Settable = parse_value(body.0, D::expectation).map_err(invalid)?;
    let wanted = |order: &_| checked::<D>(order, settable.clone());
    let written = write::<D>(&service, &caller, *id, &precondition, wanted).await?;
    Ok(answer::<D>(HttpResponse::Ok(), &written.order))
}

pub(super) async fn patch<D: Domain>(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<Uuid>,
    body: Body<Value>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    let written = write::<D>(&service, &caller, *id, &precondition, |order| {
        let settable = serde_json::to_value(D::settable(order));
        let mut settable = settable.map_err(|error| unshowable::<D>(&error))?;
        apply_patch::<D>(&mut settable, &body.0)?;
        checked::<D>(order, parse_value(settable, D::expectation).map_err(invalid)?)
    });
    Ok(answer::<D>(HttpResponse::Ok(), &written.await?.order))
}

/// Applies a merge patch (RFC 7396). A status is never empty, so it cannot be cleared.
fn apply_patch<D: Domain>(settable: &mut Value, patch: &Value) -> Result<(), Error> {
    if patch.get("status") == Some(&Value::Null) {
        return Err(invalid(FieldError::new("status", "cannot be cleared", D::expectation)));
    }
    json_patch::merge(settable, patch);
    Ok(())
}

fn invalid(error: FieldError) -> Error {
    Error::Invalid(vec![error])
}

fn unshowable<D: Domain>(error: &serde_json::Error) -> Error {
    tracing::error!(%error, site = %D::SITE, "an order cannot be shown");
    Error::Request(Problem::unavailable("the order cannot be read"))
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

/// Changes one order: asks `wanted` what it is to become, and writes it with its record. A write
/// that changes nothing changes nothing.
///
/// Most often nobody else writes the same order. So it is read without a lock, or taken as whoever
/// wrote it here just before has left it, and written where it is still of that version; only where
/// somebody was faster, it is locked.
pub async fn write<D: Domain>(
    service: &Service,
    caller: &Caller,
    id: Uuid,
    precondition: &Precondition,
    wanted: impl Fn(&Order<D::Private>) -> Result<Draft<D::Private>, Error>,
) -> Result<Written<D::Private>, Error> {
    let write = async |connection: &mut _, found: Option<Order<D::Private>>| {
        let before = found.ok_or(Error::Unknown(id))?;
        precondition.check(before.version)?;
        let draft = wanted(&before)?;
        match change::<D>(&before, draft, now())? {
            None => Ok(Written { order: before, changed: false }),
            Some(changed) => {
                storage::update_all(connection, slice::from_ref(&changed), caller.name()).await?;
                Ok(Written { order: changed.order, changed: true })
            }
        }
    };
    let mut turn = service.database.in_time(service.turns.of(id)).await?;
    let written = service.database.with(async |connection| {
        // It may be as it was left no more: only what could be written from there counts.
        if let Some(left) = turn.take() {
            match write(connection, Some(left)).await {
                Ok(written) if written.changed => return Ok(written),
                Err(error @ Error::Database(_)) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        let found = storage::find(connection, id).await?;
        write(connection, found).await
    });
    let written = match written.await {
        Err(Error::Overtaken) => {
            let locked = service.database.transaction(async |connection| {
                let found = storage::lock(connection, &[id]).await?;
                write(connection, found.into_iter().next()).await
            });
            locked.await?
        }
        done => done?,
    };
    turn.leave(&written.order);
    drop(turn);
    if written.changed {
        service.relay.wake();
    }
    Ok(written)
}
