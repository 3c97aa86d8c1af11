//! `DELETE` voids an order, which is never deleted. Voiding a voided order changes nothing.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use orders::routes::answer;
use orders::{Draft, Edit, Order, Writer};
use program_kit::access::Caller;
use program_kit::http::conditional::Precondition;
use service_kit::error::Error;
use shared_models::order::{Progress, Status};
use uuid::Uuid;

use crate::domain::{Prices, Store};

pub(crate) async fn void(
    request: HttpRequest,
    caller: Caller,
    writer: Data<Writer<Store>>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let edit = Edit::new(&caller, Precondition::of(&request)?, voided);
    Ok(answer::<Store>(HttpResponse::Ok(), &writer.edit(*id, edit).await?.order))
}

fn voided(order: &Order<Prices>) -> Result<Draft<Prices>, Error> {
    let shared = order.shared.clone();
    Ok(Draft {
        delivery: shared.delivery.value,
        progress: Progress { status: Status::Voided, ..shared.progress.value },
        private: order.private.clone(),
    })
}
