//! Parked changes: grouped by reason; replaying them and giving them up.

mod bulk;
mod groups;
mod list;
mod run;

use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;
use shared_models::parked::{ParkedChange, ParkedState};

use super::guard::{action, page};
use crate::side_client::{PageQuery, SideClient};

pub(super) use bulk::Bulk;

/// The changes that are asked for at once: each comes with its message, which may have 256 KiB.
const PAGE: usize = 100;

/// The pages of parked changes.
pub(super) fn routes() -> Routes {
    Routes::default()
        .with(page("/parked", Rule::ADMIN, || web::to(list::list)))
        .with(action("/parked/act", Rule::ADMIN, web::to(run::act)))
        .with(page("/parked/runs/{id}", Rule::ADMIN, || web::to(run::show)))
}

/// Hands the changes of a side in a state to `take`, the newest first, and at most `most`; returns whether
/// there are more.
async fn read(
    side: &SideClient,
    state: ParkedState,
    most: usize,
    mut take: impl FnMut(ParkedChange),
) -> Result<bool, String> {
    let (mut cursor, mut left) = (None::<String>, most);
    loop {
        let limit = left.min(PAGE).to_string();
        let (state, cursor_now) = (Some(state.as_str()), cursor.as_deref());
        let query = PageQuery { state, limit: Some(&limit), cursor: cursor_now };
        let page = side.parked_page(query).await.map_err(|error| error.to_string())?;
        left = left.saturating_sub(page.items.len());
        page.items.into_iter().for_each(&mut take);
        cursor = page.next.as_deref().and_then(cursor_in);
        if cursor.is_none() || left == 0 {
            return Ok(cursor.is_some());
        }
    }
}

fn cursor_in(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
}
