//! Comments on posts: what a caller may set of them, and their paths.

use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::page::unreadable;
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
use crate::mirrored::{MirroredResource, routes, rules};

/// Registers comments, and further paths after theirs.
pub(crate) fn register(more: fn() -> Routes) -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/comments");
    Registration::new(MirroredResource(Mirrored::Comment), MIGRATIONS, move || paths().and(more()))
}

/// The fields of a comment that a caller may set. Its post is set when it is created, and stays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Comment {
    #[serde(rename = "postId")]
    post_id: Option<i64>,
    name: String,
    email: String,
    body: String,
}

impl Settable for Comment {
    const KIND: Mirrored = Mirrored::Comment;

    fn of(content: &Content) -> Self {
        let Content { parent, name, email, body } = content.clone();
        Self { post_id: parent, name, email: email.unwrap_or_default(), body }
    }

    fn content(self, before: Option<&Content>) -> Result<Content, Vec<FieldError>> {
        let Self { post_id, name, email, body } = self;
        let post = before.and_then(|before| before.parent);
        let parent = post_id.or(post);
        let content = Content { parent, name, email: Some(email), body };
        let mut errors = content.errors(Self::KIND, expectation);
        if before.is_some() && parent != post {
            let problem = "is not the comment's own: a comment stays with its post";
            errors.push(FieldError::new("postId", problem, |_| {
                Some("the post of the comment, or no such field")
            }));
        }
        if errors.is_empty() { Ok(content) } else { Err(errors) }
    }
}

/// Returns the paths of comments.
fn paths() -> Routes {
    let mut routes = Routes::default();
    for slash in ["", "/"] {
        let mut all = read_endpoints(Rule::READ, || web::to(list));
        all.push(endpoint(Method::POST, Rule::WRITE, web::to(routes::create::<Comment>)));
        let of_post = read_endpoints(Rule::READ, || web::to(list_of_post));
        let mut one = read_endpoints(Rule::READ, || web::to(routes::one::<Comment>));
        one.push(endpoint(Method::PUT, Rule::WRITE, web::to(routes::put::<Comment>)));
        one.push(endpoint(Method::PATCH, Rule::WRITE, web::to(routes::patch::<Comment>)));
        one.push(endpoint(Method::DELETE, Rule::WRITE, web::to(routes::remove::<Comment>)));
        let to_all = "use GET to list comments, or POST to create one";
        let to_one = "use GET, PUT, PATCH or DELETE";
        let to_post = "use GET; comments are created by POST to /comments";
        routes = routes
            .with(endpoints_of(format!("/comments{slash}"), to_all, all))
            .with(endpoints_of(format!("/posts/{{id}}/comments{slash}"), to_post, of_post))
            .with(endpoints_of(format!("/comments/{{id}}{slash}"), to_one, one));
    }
    routes.expecting(expectation)
}

/// The query of `GET /comments`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(rename = "postId")]
    post_id: Option<String>,
    page: Option<String>,
    page_size: Option<String>,
}

async fn list(
    request: HttpRequest,
    service: Data<Service>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let ListQuery { post_id, page, page_size } = query;
    let wanted = PageWanted::new(page.as_deref(), page_size.as_deref())?;
    let post = post_id.filter(|text| !text.is_empty()).map(|text| {
        rules::key(&text)
            .ok_or_else(|| unreadable("expected the id of a post as postId, such as 7"))
    });
    let filter = Filter { parent: post.transpose()?, name: None };
    routes::list(&request, &service, Mirrored::Comment, filter, wanted).await
}

/// The query of `GET /posts/{id}/comments`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    page: Option<String>,
    page_size: Option<String>,
}

async fn list_of_post(
    request: HttpRequest,
    service: Data<Service>,
    id: Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let wanted = PageWanted::new(query.page.as_deref(), query.page_size.as_deref())?;
    let post = routes::existing(&service, Mirrored::Post, &id).await?;
    let filter = Filter { parent: Some(post.id), name: None };
    routes::list(&request, &service, Mirrored::Comment, filter, wanted).await
}
