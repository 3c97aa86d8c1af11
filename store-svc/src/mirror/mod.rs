//! The mirror's side of the store: what the worker asks of it to load posts and comments from the remote,
//! and to send there what was changed here. What is promised is in docs/mirror.md.
//!
//! `rules` decides about each record, and knows no database; `loading` and `sending` apply that to many, in
//! transactions that first make sure that their run is under way.

mod describe;
mod loading;
mod routes;
mod rules;
mod sending;

pub(crate) use routes::paths;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use service_kit::error::Error;

/// Returns the error of a write: another one has just given another record the same id at the remote.
fn of_write(error: QueryError) -> Error {
    let is_taken =
        matches!(error, QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _));
    if is_taken { Error::Overtaken } else { error.into() }
}
