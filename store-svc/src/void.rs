//! `DELETE` voids: an order is never lost. Voiding a voided order changes nothing.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use service_kit::access::Caller;
use service_kit::error::Error;
use service_kit::http::conditional::Precondition;
use service_kit::orders::Draft;
use service_kit::routes::{answer, write};
use service_kit::service::Service;
use shared_models::order::{Progress, Status};
use uuid::Uuid;

use crate::domain::Store;

pub(crate) async fn void(
    request: HttpRequest,
    caller: Caller,
    service: Data<Service>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::of(&request)?;
    let written = write::<Store>(&service, &caller, *id, &precondition, |order| {
        let shared = order.shared.clone();
        Ok(Draft {
            delivery: shared.delivery.value,
            progress: Progress { status: Status::Voided, ..shared.progress.value },
            private: order.private.clone(),
        })
    });
    Ok(answer::<Store>(HttpResponse::Ok(), &written.await?.order))
}
