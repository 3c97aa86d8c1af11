//! Orders: both sides next to each other, and what a person can do to one.

mod asking;
mod draft;
mod form;
mod list;
mod record;
mod show;
mod timeline;
mod writing;

use actix_web::web;
use program_kit::access::Rule;
use program_kit::http::endpoints::Routes;

use super::guard::{action, page, page_and_action};

/// The pages of orders.
pub(super) fn routes() -> Routes {
    Routes::default()
        .with(page("/orders", Rule::READ, || web::to(list::list)))
        .with(page_and_action(
            "/orders/new",
            Rule::WRITE,
            || web::to(writing::new),
            web::to(writing::place),
        ))
        .with(page("/orders/{id}", Rule::READ, || web::to(show::show)))
        .with(page_and_action(
            "/orders/{id}/edit/{side}",
            Rule::WRITE,
            || web::to(writing::edit),
            web::to(writing::save),
        ))
        .with(action("/orders/{id}/move", Rule::WRITE, web::to(writing::advance)))
        .with(action("/orders/{id}/void", Rule::WRITE, web::to(writing::void)))
}
