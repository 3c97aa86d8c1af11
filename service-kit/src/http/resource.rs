//! A path with its methods: every other method gets 405, with `Allow` and the reason.

use actix_web::http::Method;
use actix_web::{HttpRequest, Resource, Route, web};

use super::problem::Problem;

/// A path and what can be done there. `reason` is what a caller with another method is told.
pub fn resource(path: &str, reason: &'static str, routes: Vec<(Method, Route)>) -> Resource {
    let allow = routes.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
    let refuse = move |request: HttpRequest| {
        let detail = format!("{} is not for {}; {reason}", request.method(), request.path());
        std::future::ready(Err::<String, _>(Problem::method_not_allowed(allow.clone(), detail)))
    };
    routes
        .into_iter()
        .fold(web::resource(path), |resource, (method, route)| resource.route(route.method(method)))
        .default_service(web::to(refuse))
}

/// The routes of what is read: `GET` and `HEAD`, both by this handler.
pub fn reads(handler: impl Fn() -> Route) -> Vec<(Method, Route)> {
    vec![(Method::GET, handler()), (Method::HEAD, handler())]
}
