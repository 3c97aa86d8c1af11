//! Parked changes: grouped by reason; replaying them and giving them up.

mod bulk;
mod groups;
mod list;
mod run;

use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;

use super::guard::{action, page};

pub(super) use bulk::Bulk;

/// The pages of parked changes.
pub(super) fn routes() -> Routes {
    Routes::default()
        .with(page("/parked", Rule::ADMIN, || web::to(list::list)))
        .with(action("/parked/act", Rule::ADMIN, web::to(run::act)))
        .with(page("/parked/runs/{id}", Rule::ADMIN, || web::to(run::show)))
}
