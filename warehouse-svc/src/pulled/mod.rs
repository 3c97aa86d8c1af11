//! Records that the worker has pulled from an upstream: operators with their sites, upserted in one
//! transaction. The rules are in docs/sources.md.
//!
//! `request` and `rules` decide, and know no database; `storage` has all the SQL that is not of one kind of
//! records.

mod describe;
mod request;
mod routes;
mod rules;
mod storage;

pub(crate) use routes::paths;
