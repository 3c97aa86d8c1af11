//! Posts: what a caller may set of them, and their paths.

use actix_web::http::Method;
use actix_web::web::{self, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::problem::FieldError;
use serde::{Deserialize, Serialize};
use service_kit::error::Error;
use service_kit::records::Registration;
use service_kit::service::Service;
use shared_models::mirror::Mirrored;

use crate::mirrored::content::{Content, expectation};
use crate::mirrored::page::PageWanted;
use crate::mirrored::settable::Settable;
use crate::mirrored::storage::Filter;
use crate::mirrored::{MirroredResource, routes};

/// Registers posts.
pub(crate) fn register() -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/posts");
    Registration::new(MirroredResource(Mirrored::Post), MIGRATIONS, paths)
}

/// The fields of a post that a caller may set.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    #[serde(rename = "userId")]
    user_id: Option<i64>,
    title: String,
    body: String,
}

impl Settable for Post {
    const KIND: Mirrored = Mirrored::Post;

    fn of(content: &Content) -> Self {
        let Content { parent, name, body, .. } = content.clone();
        Self { user_id: parent, title: name, body }
    }

    fn content(self, _before: Option<&Content>) -> Result<Content, Vec<FieldError>> {
        let Self { user_id, title, body } = self;
        let content = Content { parent: user_id, name: title, email: None, body };
        let errors = content.errors(Self::KIND, expectation);
        if errors.is_empty() { Ok(content) } else { Err(errors) }
    }
}

/// Returns the paths of posts.
fn paths() -> Routes {
    let mut routes = Routes::default();
    for slash in ["", "/"] {
        let mut all = read_endpoints(Rule::READ, || web::to(list));
        all.push(endpoint(Method::POST, Rule::WRITE, web::to(routes::create::<Post>)));
        let mut one = read_endpoints(Rule::READ, || web::to(routes::one::<Post>));
        one.push(endpoint(Method::PUT, Rule::WRITE, web::to(routes::put::<Post>)));
        one.push(endpoint(Method::PATCH, Rule::WRITE, web::to(routes::patch::<Post>)));
        one.push(endpoint(Method::DELETE, Rule::WRITE, web::to(routes::remove::<Post>)));
        let to_all = "use GET to list posts, or POST to create one";
        routes = routes.with(endpoints_of(format!("/posts{slash}"), to_all, all)).with(
            endpoints_of(format!("/posts/{{id}}{slash}"), "use GET, PUT, PATCH or DELETE", one),
        );
    }
    routes.expecting(expectation)
}

/// The query of `GET /posts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    title: Option<String>,
    page: Option<String>,
    page_size: Option<String>,
}

async fn list(
    request: HttpRequest,
    service: Data<Service>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let ListQuery { title, page, page_size } = query;
    let wanted = PageWanted::new(page.as_deref(), page_size.as_deref())?;
    // No title has a NUL, which PostgreSQL would refuse.
    let name = title.filter(|title| !title.is_empty()).map(|title| title.replace('\0', "\u{fffd}"));
    routes::list(&request, &service, Mirrored::Post, Filter { parent: None, name }, wanted).await
}
