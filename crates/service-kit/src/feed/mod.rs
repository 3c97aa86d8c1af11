//! The feeds of a side's changes: pages, long polls and server-sent events, from any cursor.
//!
//! ```text
//! changes, in the order of (xid, seq), up to the first transaction that is not over
//!     ├─▶ page: reads a part of the log
//!     └─▶ hub: the one reader of a program, while there are followers
//!             └─▶ stream: the same batches for all; one that is behind reads pages
//! ```
//!
//! `cursor`, `filter`, `page::check_kept` and the tail of `hub` decide, and know no database.

mod cursor;
mod entry;
mod filter;
mod hub;
mod page;
mod part;
mod storage;
mod stream;

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse};
use program_kit::http::page::unreadable;
use program_kit::http::problem::Problem;
use program_kit::http::{Client, keep_open};
use shared_models::side::Side;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use cursor::{Cursor, Position, Scope, Unusable};
pub use entry::{Entry, Event};
pub(crate) use filter::MAX_WAIT;
pub use filter::{FeedQuery, Filter};
pub use hub::Hub;
pub use part::{PartOfChanges, Place, check_place, read_changes};
pub use storage::lag;

use crate::database::Database;
use crate::error::Error;
use crate::resource::Resources;
use hub::{Follower, Kept};
pub(crate) use page::ShownPage;
use page::{FeedPage, begin, problem, read_page};

/// What a feed is read from.
#[derive(Clone)]
pub(crate) struct Source {
    /// The side whose log it is.
    pub(crate) side: Side,
    /// The database of the log.
    pub(crate) database: Database,
    /// The resources of the service.
    pub(crate) resources: Resources,
    /// The hub of the program.
    pub(crate) hub: Hub,
    /// Cancelled when the service stops.
    pub(crate) stopping: CancellationToken,
}

impl Source {
    fn follow(&self) -> Result<Follower, Problem> {
        self.hub.follow().ok_or_else(|| {
            let most = self.hub.max_followers();
            Problem::unavailable(format!(
                "{most} clients follow the changes, which is half of limits.connections; try again"
            ))
        })
    }
}

/// Answers a request for the changes of a resource, or of all: with a page, or with a stream of
/// events.
pub(crate) async fn answer(
    source: Source,
    of: Option<&'static str>,
    request: &HttpRequest,
    pairs: Vec<(String, String)>,
) -> Result<HttpResponse, Error> {
    let query = FeedQuery::parse(pairs, of, &source.resources)?;
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        return open_stream(source, query, request).await;
    }
    let wait = query.wait.filter(|wait| !wait.is_zero());
    // It follows before it begins: the log that it begins with is the one that it follows.
    let follower = wait.map(|_| source.follow()).transpose()?;
    let (scope, cursor) = begin(&source, &query.filter, query.cursor.as_deref()).await?;
    let page = match wait.zip(follower) {
        None => read_page(&source, &query.filter, scope, cursor, query.limit()).await?,
        Some((wait, follower)) => {
            let client = Client::of(request);
            tokio::select! {
                page = poll(&source, &query, (scope, cursor), follower, Instant::now() + wait) => page?,
                // Nobody reads the answer.
                () = client.gone() => return Ok(HttpResponse::NoContent().finish()),
            }
        }
    };
    Ok(HttpResponse::Ok().json(page.show(scope)?))
}

async fn open_stream(
    source: Source,
    query: FeedQuery,
    request: &HttpRequest,
) -> Result<HttpResponse, Error> {
    if query.limit.is_some() || query.wait.is_some() {
        return Err(unreadable("limit and wait are for pages; a stream has no end").into());
    }
    let last = request.headers().get("last-event-id").map(|id| id.to_str());
    let last = last.transpose().map_err(|_| problem(Unusable::Unreadable))?;
    let cursor = last.filter(|id| !id.is_empty()).or(query.cursor.as_deref());
    let follower = source.follow()?;
    let began = begin(&source, &query.filter, cursor).await?;
    keep_open(request);
    Ok(stream::stream(source, (Client::of(request), follower), query.filter, began))
}

/// Reads the page after a place, and waits for a change if there is none.
async fn poll(
    source: &Source,
    query: &FeedQuery,
    (scope, after): (Scope, Cursor),
    mut follower: Follower,
    until: Instant,
) -> Result<FeedPage, Error> {
    let (filter, limit) = (&query.filter, query.limit());
    let mut page = read_page(source, filter, scope, after, limit).await?;
    while page.entries.is_empty() && !page.more && Instant::now() < until {
        match follower.after(page.next.position, scope.incarnation) {
            Kept::Batch(batch) => page.add(&batch, filter, &source.resources, limit),
            Kept::InTheLog => page = read_page(source, filter, scope, page.next, limit).await?,
            Kept::OtherLog => return Err(problem(Unusable::OtherLog).into()),
            nothing @ (Kept::Nothing(_) | Kept::NotYet) => {
                if let Kept::Nothing(position) = nothing {
                    page.next = Cursor::at(position);
                }
                let waiting = timeout_at(until, follower.changed());
                if source.stopping.run_until_cancelled(waiting).await.is_none() {
                    break;
                }
            }
        }
    }
    Ok(page)
}
