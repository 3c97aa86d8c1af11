//! Reading orders: one, or a page of them.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use program_kit::http::conditional::{etag, is_known};
use program_kit::http::page::{Page, Position};
use service_kit::error::Error;
use service_kit::service::Service;
use uuid::Uuid;

use super::answer;
use crate::page::PageQuery;
use crate::storage::Listed;
use crate::{Domain, storage, unknown};

pub(super) async fn one<D: Domain>(
    request: HttpRequest,
    service: Data<Service>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let found =
        service.database.ask(async |connection| storage::find::<D::Private>(connection, *id).await);
    let order = found.await?.ok_or(unknown(*id))?;
    if is_known(&request, order.version) {
        return Ok(HttpResponse::NotModified().insert_header(etag(order.version)).finish());
    }
    Ok(answer::<D>(HttpResponse::Ok(), &order))
}

pub(super) async fn list<D: Domain>(
    request: HttpRequest,
    service: Data<Service>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let page = query.into_inner().checked()?;
    let (filters, limit) = (&page.filters, page.to_read());
    let find = async |connection: &mut _| {
        Ok::<_, Error>(storage::page::<D::Private>(connection, filters, page.after, limit).await?)
    };
    let Listed { mut orders, scanned_to } = match filters.are_covered_by_index() {
        true => service.database.read(find).await?,
        false => service.database.scan(find).await?,
    };
    let cut = page.cut(&mut orders, |last| Position { at: last.created_at, id: last.id });
    let complete = cut.is_some() || scanned_to.is_none();
    let shown = orders.iter().map(D::show).collect();
    let page = Page::of(shown, &page, cut.or(scanned_to), request.path());
    Ok(Page { complete, ..page }.answer())
}
