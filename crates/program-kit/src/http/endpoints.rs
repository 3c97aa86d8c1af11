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

use super::admission::admit;
use super::body::Expected;
use super::field::Expectation;
use super::problem::Problem;
use super::requests::RoutePattern;
use crate::access::Rule;

/// An endpoint: a method of a path, its rule and its handler.
pub struct Endpoint {
    method: Method,
    rule: Rule,
    route: Route,
}

/// Creates an endpoint.
#[must_use]
pub fn endpoint(method: Method, rule: Rule, route: Route) -> Endpoint {
    Endpoint { method, rule, route }
}

/// Creates the endpoints for reading: `GET` and `HEAD`, with the same handler.
pub fn read_endpoints(rule: Rule, handler: impl Fn() -> Route) -> Vec<Endpoint> {
    vec![endpoint(Method::GET, rule, handler()), endpoint(Method::HEAD, rule, handler())]
}

/// The endpoints of one path: every other method gets 405, with `Allow` and the advice.
pub struct PathEndpoints {
    path: String,
    advice: &'static str,
    endpoints: Vec<Endpoint>,
    expectation: Option<Expectation>,
}

/// Creates the endpoints of one path. `advice` is the advice for a caller with another method.
pub fn endpoints_of(
    path: impl Into<String>,
    advice: &'static str,
    endpoints: Vec<Endpoint>,
) -> PathEndpoints {
    PathEndpoints { path: path.into(), advice, endpoints, expectation: None }
}

impl PathEndpoints {
    fn register(self, config: &mut ServiceConfig) {
        let Self { path, advice, endpoints, expectation } = self;
        let methods = endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect::<Vec<_>>();
        let allow = methods.join(", ");
        let refuse = move |request: HttpRequest| {
            let detail =
                format!("{} is not allowed for {}; {advice}", request.method(), request.path());
            std::future::ready(Err::<String, _>(Problem::method_not_allowed(allow.clone(), detail)))
        };
        let rules = endpoints.iter().map(|endpoint| (endpoint.method.clone(), endpoint.rule));
        let rules = rules.collect::<Rc<[_]>>();
        let guard = from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
            admit(Rc::clone(&rules), request, next)
        });
        let pattern = RoutePattern(path.as_str().into());
        let resource = web::resource(path).app_data(pattern);
        let resource = endpoints.into_iter().fold(resource, |resource, endpoint| {
            resource.route(endpoint.route.method(endpoint.method))
        });
        let resource = match expectation {
            Some(expectation) => resource.app_data(Expected(expectation)),
            None => resource,
        };
        config.service(resource.default_service(web::to(refuse)).wrap(guard));
    }
}

/// Registers data that handlers share.
type Register = Box<dyn FnOnce(&mut ServiceConfig)>;

/// All endpoints of a program, and the data that its handlers share.
#[derive(Default)]
pub struct Routes {
    paths: Vec<PathEndpoints>,
    shared: Vec<Register>,
}

impl Routes {
    /// Adds a path.
    #[must_use]
    pub fn with(mut self, path: PathEndpoints) -> Self {
        self.paths.push(path);
        self
    }

    /// Adds all of these paths.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self.shared.extend(other.shared);
        self
    }

    /// Says what the fields of the bodies may be, on all of these paths that do not say it yet.
    #[must_use]
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        for path in &mut self.paths {
            path.expectation.get_or_insert(expectation);
        }
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
        self.paths.iter().flat_map(|PathEndpoints { path, endpoints, .. }| {
            endpoints.iter().map(|endpoint| (&**path, &endpoint.method, endpoint.rule))
        })
    }

    pub(super) fn register(self, config: &mut ServiceConfig) {
        self.shared.into_iter().for_each(|register| register(config));
        self.paths.into_iter().for_each(|path| path.register(config));
    }
}
