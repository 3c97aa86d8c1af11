//! Posts: what a caller may set of them, and their paths.

use actix_web::http::Method;
use actix_web::web::{self, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service_kit::error::Error;
use service_kit::records::Registration;
use service_kit::service::Service;
use shared_models::mirror::Mirrored;

use crate::mirrored::content::{BODY, Content, MAX_ID, NAME, expectation};
use crate::mirrored::page::{MAX_SIZE, PageWanted};
use crate::mirrored::settable::Settable;
use crate::mirrored::storage::Filter;
use crate::mirrored::{MirroredResource, describe, routes};

/// Registers posts.
pub(crate) fn register() -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/posts");
    Registration::new(MirroredResource(Mirrored::Post), MIGRATIONS, paths)
}

/// The fields of a post that a caller may set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PostFields")]
struct Post {
    /// The user whose post it is.
    #[serde(rename = "userId")]
    #[schemars(range(min = 0, max = MAX_ID))]
    user_id: Option<i64>,
    /// The title, without control characters.
    #[schemars(length(min = 1, max = NAME), regex(pattern = r"\S"))]
    title: String,
    /// The text; of control characters only line breaks and tabs.
    #[schemars(length(min = 1, max = BODY), regex(pattern = r"\S"))]
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

    fn example() -> Value {
        json!({"userId": 1, "title": "High water", "body": "At noon, by the old quay."})
    }
}

fn describe_list() -> Operation {
    let operation = Operation::new("listPosts", "List posts").query::<ListQuery>();
    describe::with_page::<Post>(operation)
}

/// Returns the paths of posts.
fn paths() -> Routes {
    let mut routes = Routes::default();
    for slash in ["", "/"] {
        let mut all = read_endpoints(Rule::READ, || web::to(list), describe_list);
        let create = web::to(routes::create::<Post>);
        all.push(endpoint(Method::POST, Rule::WRITE, create, describe::create::<Post>));
        let mut one =
            read_endpoints(Rule::READ, || web::to(routes::one::<Post>), describe::one::<Post>);
        let put = web::to(routes::put::<Post>);
        one.push(endpoint(Method::PUT, Rule::WRITE, put, describe::put::<Post>));
        let patch = web::to(routes::patch::<Post>);
        one.push(endpoint(Method::PATCH, Rule::WRITE, patch, describe::patch::<Post>));
        let remove = web::to(routes::remove::<Post>);
        one.push(endpoint(Method::DELETE, Rule::WRITE, remove, describe::remove::<Post>));
        let to_all = "use GET to list posts, or POST to create one";
        routes = routes.with(endpoints_of(format!("/posts{slash}"), to_all, all)).with(
            endpoints_of(format!("/posts/{{id}}{slash}"), "use GET, PUT, PATCH or DELETE", one),
        );
    }
    routes.expecting(expectation)
}

/// The query of `GET /posts`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// The title, letter by letter.
    title: Option<String>,
    /// The number of the page, from 1; `last` for the last one.
    #[schemars(regex(pattern = "^(last|[1-9][0-9]*)$"))]
    page: Option<String>,
    /// The records on a page; 10 where it is left out.
    #[schemars(with = "Option<u8>", range(min = 1, max = MAX_SIZE))]
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
