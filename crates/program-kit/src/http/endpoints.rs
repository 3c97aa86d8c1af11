//! The endpoints of a program, as data: each path with its methods, and the rule and the description of
//! each. There is no other way to register one, so none is without either.

use std::any::Any;
use std::cell::OnceCell;
use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Route};
use serde_json::Value;

use super::admission::admit;
use super::body::Expected;
use super::docs::{self, Document};
use super::field::Expectation;
use super::openapi::{About, Described, document};
use super::operation::Operation;
use super::problem::Problem;
use super::requests::RoutePattern;
use crate::access::Rule;

/// Describes an endpoint; called when the document is made.
type Describe = Rc<dyn Fn() -> Operation>;

/// An endpoint: a method of a path, its rule, its handler and its description.
pub struct Endpoint {
    method: Method,
    rule: Rule,
    route: Route,
    describe: Describe,
}

/// Creates an endpoint.
#[must_use]
pub fn endpoint(
    method: Method,
    rule: Rule,
    route: Route,
    describe: impl Fn() -> Operation + 'static,
) -> Endpoint {
    Endpoint { method, rule, route, describe: Rc::new(describe) }
}

/// Creates the endpoints for reading: `GET` and `HEAD`, with the same handler.
pub fn read_endpoints(
    rule: Rule,
    handler: impl Fn() -> Route,
    describe: impl Fn() -> Operation + 'static,
) -> Vec<Endpoint> {
    let describe: Describe = Rc::new(describe);
    let endpoint = |method| {
        let describe = Rc::clone(&describe);
        Endpoint { method, rule, route: handler(), describe }
    };
    vec![endpoint(Method::GET), endpoint(Method::HEAD)]
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

/// What the document says of an endpoint.
struct Part {
    path: String,
    method: Method,
    rule: Rule,
    describe: Describe,
}

impl Part {
    fn described(&self) -> Described<'_> {
        let Self { path, method, rule, describe } = self;
        Described { path, method, rule: *rule, operation: describe() }
    }
}

/// Registers data that handlers share.
type Register = Box<dyn FnOnce(&mut ServiceConfig)>;

/// All endpoints of a program, and the data that its handlers share.
#[derive(Default)]
pub struct Routes {
    paths: Vec<PathEndpoints>,
    shared: Vec<Register>,
    about: About,
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

    /// Adds the API document of all these paths, and the same as a page.
    #[must_use]
    pub fn documented(mut self, about: About) -> Self {
        // The document has its own paths, too.
        let parts = Rc::new(OnceCell::<Vec<Part>>::new());
        let of_parts = Rc::clone(&parts);
        let made = Document::new(move || {
            let parts = of_parts.get().into_iter().flatten();
            document(about, parts.map(Part::described))
        });
        self.paths.extend(docs::paths(&made));
        self.about = about;
        parts.get_or_init(|| self.parts());
        self
    }

    /// Returns the API document of these paths.
    #[must_use]
    pub fn document(&self) -> Value {
        document(self.about, self.parts().iter().map(Part::described))
    }

    fn parts(&self) -> Vec<Part> {
        let of_path = |path: &PathEndpoints| {
            let part = |endpoint: &Endpoint| Part {
                path: path.path.clone(),
                method: endpoint.method.clone(),
                rule: endpoint.rule,
                describe: Rc::clone(&endpoint.describe),
            };
            path.endpoints.iter().map(part).collect::<Vec<_>>()
        };
        self.paths.iter().flat_map(of_path).collect()
    }

    pub(super) fn register(self, config: &mut ServiceConfig) {
        self.shared.into_iter().for_each(|register| register(config));
        self.paths.into_iter().for_each(|path| path.register(config));
    }
}
