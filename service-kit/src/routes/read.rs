//! Reading orders: one, or a page of them.

use actix_web::http::header::LINK;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use super::{Page, answer};
use crate::error::Error;
use crate::http::conditional::{etag, is_known};
use crate::orders::page::{PageQuery, PageRequest, Position};
use crate::orders::{Domain, Order, storage};
use crate::service::Service;

pub(super) async fn one<D: Domain>(
    request: HttpRequest,
    service: Data<Service>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Error> {
    let found = service.database.with::<_, Error>(async |connection| {
        Ok(storage::find::<D::Private>(connection, *id).await?)
    });
    let order = found.await?.ok_or(Error::Unknown(*id))?;
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
    // One more than asked for tells whether there is a next page.
    let limit = i64::from(page.limit) + 1;
    let found = service.database.with::<_, Error>(async |connection| {
        Ok(storage::page::<D::Private>(connection, &page.filters, page.after, limit).await?)
    });
    let mut orders = found.await?;
    let more = orders.len() > usize::from(page.limit);
    orders.truncate(page.limit.into());
    let next = more.then(|| next_page(request.path(), &page, &orders)).flatten();
    let mut response = HttpResponse::Ok();
    if let Some(next) = &next {
        response.insert_header((LINK, format!("<{next}>; rel=\"next\"")));
    }
    Ok(response.json(Page { items: orders.iter().map(D::show).collect(), next }))
}

fn next_page<P>(path: &str, page: &PageRequest, orders: &[Order<P>]) -> Option<String> {
    let last = orders.last()?;
    let cursor = page.cursor_after(Position { created_at: last.created_at, id: last.id });
    Some(format!("{path}?{}", page.query_of(&cursor)))
}
