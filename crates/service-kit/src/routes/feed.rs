//! The paths of the feeds: `/v1/changes`, and one for each resource.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{self, Data, Query};
use program_kit::access::Rule;
use program_kit::http::endpoints::{PathEndpoints, Routes, endpoint, endpoints_of};
use program_kit::http::operation::Operation;

use super::describe;
use crate::feed::{Source, answer};
use crate::resource::{Resource, Resources};
use crate::service::Service;

/// Returns the feeds of a service. They come before the paths of the records, of which some would
/// match them, too.
pub(crate) fn feeds(resources: &Resources) -> Routes {
    let names = resources.each().map(Resource::name).collect::<Vec<_>>();
    let of_all = feed("/v1/changes", None, move || describe::feed_of_all(&names));
    let routes = Routes::default().with(of_all);
    let of_one = |resource: &dyn Resource| {
        let (name, filters) = (resource.name(), resource.event_filters());
        feed(resource.feed(), Some(name), move || describe::feed(name, filters))
    };
    resources.each().fold(routes, |routes, resource| routes.with(of_one(resource)))
}

fn feed(
    path: &'static str,
    of: Option<&'static str>,
    describe: impl Fn() -> Operation + 'static,
) -> PathEndpoints {
    let handler = move |service: Data<Service>,
                        request: HttpRequest,
                        query: Query<Vec<(String, String)>>| async move {
        let Service { side, database, resources, hub, stopping, .. } = (**service).clone();
        let source = Source { side, database, resources, hub, stopping };
        answer(source, of, &request, query.into_inner()).await
    };
    let endpoints = vec![endpoint(Method::GET, Rule::READ_OR_SYNC, web::to(handler), describe)];
    endpoints_of(path, "use GET", endpoints)
}
