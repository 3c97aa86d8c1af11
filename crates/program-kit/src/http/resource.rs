//! The endpoints of a program, as data: each path with its methods, and the rule of each. There is
//! no other way to register one, so none is without a rule.

use std::any::Any;
use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Route};

use super::guard::admit;
use super::problem::Problem;
use crate::access::Rule;

/// An endpoint: a method of a path, its rule and its handler.
pub struct Served {
    method: Method,
    rule: Rule,
    route: Route,
}

/// Creates an endpoint.
#[must_use]
pub fn on(method: Method, rule: Rule, route: Route) -> Served {
    Served { method, rule, route }
}

/// Creates the endpoints for reading: `GET` and `HEAD`, with the same handler.
pub fn reads(rule: Rule, handler: impl Fn() -> Route) -> Vec<Served> {
    vec![on(Method::GET, rule, handler()), on(Method::HEAD, rule, handler())]
}

/// A path with its endpoints: every other method gets 405, with `Allow` and the reason.
pub struct Resource {
    path: String,
    reason: &'static str,
    served: Vec<Served>,
}

/// Creates a path with its endpoints. `reason` is the advice for a caller with another method.
pub fn resource(path: impl Into<String>, reason: &'static str, served: Vec<Served>) -> Resource {
    Resource { path: path.into(), reason, served }
}

impl Resource {
    fn register(self, config: &mut ServiceConfig) {
        let Self { path, reason, served } = self;
        let methods = served.iter().map(|served| served.method.as_str()).collect::<Vec<_>>();
        let allow = methods.join(", ");
        let refuse = move |request: HttpRequest| {
            let detail = format!("{} is not for {}; {reason}", request.method(), request.path());
            std::future::ready(Err::<String, _>(Problem::method_not_allowed(allow.clone(), detail)))
        };
        let rules = served.iter().map(|served| (served.method.clone(), served.rule));
        let rules = rules.collect::<Rc<[_]>>();
        let guard = from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
            admit(Rc::clone(&rules), request, next)
        });
        let resource = served.into_iter().fold(web::resource(path), |resource, served| {
            resource.route(served.route.method(served.method))
        });
        config.service(resource.default_service(web::to(refuse)).wrap(guard));
    }
}

/// Registers data that handlers share.
type Share = Box<dyn FnOnce(&mut ServiceConfig)>;

/// All endpoints of a program, and the data that its handlers share.
#[derive(Default)]
pub struct Routes {
    resources: Vec<Resource>,
    shared: Vec<Share>,
}

impl Routes {
    /// Adds a path.
    #[must_use]
    pub fn with(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Adds all of these paths.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.resources.extend(other.resources);
        self.shared.extend(other.shared);
        self
    }

    /// Adds data that the handlers share.
    #[must_use]
    pub fn sharing<T: Any>(mut self, shared: T) -> Self {
        self.shared.push(Box::new(|config| {
            config.app_data(shared);
        }));
        self
    }

    /// Returns the path and the method of each endpoint, with its rule.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Method, Rule)> {
        self.resources.iter().flat_map(|resource| {
            resource.served.iter().map(|served| (&*resource.path, &served.method, served.rule))
        })
    }

    pub(super) fn register(self, config: &mut ServiceConfig) {
        self.shared.into_iter().for_each(|share| share(config));
        self.resources.into_iter().for_each(|resource| resource.register(config));
    }
}
