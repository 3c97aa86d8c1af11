//! Comments on posts: what a caller may set of them, and their paths.

use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::page::unreadable;
use program_kit::http::problem::{FieldError, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service_kit::error::Error;
use service_kit::records::Registration;
use service_kit::service::Service;
use shared_models::mirror::Mirrored;

use crate::mirrored::content::{BODY, Content, EMAIL, MAX_ID, NAME, expectation};
use crate::mirrored::page::{MAX_SIZE, PageWanted};
use crate::mirrored::settable::Settable;
use crate::mirrored::storage::Filter;
use crate::mirrored::{MirroredResource, describe, routes, rules};

/// Registers comments, and further paths after theirs.
pub(crate) fn register(more: fn() -> Routes) -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/comments");
    Registration::new(MirroredResource(Mirrored::Comment), MIGRATIONS, move || paths().and(more()))
}

/// The fields of a comment that a caller may set. Its post is set when it is created, and stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CommentFields")]
struct Comment {
    /// The post; may be left out where the comment exists.
    #[serde(rename = "postId")]
    #[schemars(range(min = 0, max = MAX_ID))]
    post_id: Option<i64>,
    /// The name of the author, without control characters.
    #[schemars(length(min = 1, max = NAME), regex(pattern = r"\S"))]
    name: String,
    /// The e-mail address of the author.
    #[schemars(email, length(max = EMAIL))]
    email: String,
    /// The text; of control characters only line breaks and tabs.
    #[schemars(length(min = 1, max = BODY), regex(pattern = r"\S"))]
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

    fn example() -> Value {
        json!({"postId": 1, "name": "Ann", "email": "ann@quay.example", "body": "What a port!"})
    }
}

fn describe_list() -> Operation {
    let operation = Operation::new("listComments", "List comments").query::<ListQuery>();
    describe::with_page::<Comment>(operation)
}

fn describe_list_of_post() -> Operation {
    let operation = Operation::new("listCommentsOfPost", "List the comments of a post")
        .path::<u64>("id", "The id of the post.", 1)
        .query::<PageQuery>()
        .problem(Kind::NotFound, "There is no such post.");
    describe::with_page::<Comment>(operation)
}

/// Returns the paths of comments.
fn paths() -> Routes {
    let mut routes = Routes::default();
    for slash in ["", "/"] {
        let mut all = read_endpoints(Rule::READ, || web::to(list), describe_list);
        let create = web::to(routes::create::<Comment>);
        all.push(endpoint(Method::POST, Rule::WRITE, create, describe::create::<Comment>));
        let of_post = read_endpoints(Rule::READ, || web::to(list_of_post), describe_list_of_post);
        let mut one = read_endpoints(
            Rule::READ,
            || web::to(routes::one::<Comment>),
            describe::one::<Comment>,
        );
        let put = web::to(routes::put::<Comment>);
        one.push(endpoint(Method::PUT, Rule::WRITE, put, describe::put::<Comment>));
        let patch = web::to(routes::patch::<Comment>);
        one.push(endpoint(Method::PATCH, Rule::WRITE, patch, describe::patch::<Comment>));
        let remove = web::to(routes::remove::<Comment>);
        one.push(endpoint(Method::DELETE, Rule::WRITE, remove, describe::remove::<Comment>));
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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// The post whose comments are listed.
    #[serde(rename = "postId")]
    #[schemars(with = "Option<u64>", range(max = MAX_ID))]
    post_id: Option<String>,
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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// The number of the page, from 1; `last` for the last one.
    #[schemars(regex(pattern = "^(last|[1-9][0-9]*)$"))]
    page: Option<String>,
    /// The records on a page; 10 where it is left out.
    #[schemars(with = "Option<u8>", range(min = 1, max = MAX_SIZE))]
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
