//! What posts and comments have in common: records that the mirror keeps the same as those of a remote
//! service.
//!
//! `content`, `record`, `event`, `rules` and `page` decide, and know no database; `storage` has all the SQL;
//! `routes` has the handlers. What differs between the two is a [`settable::Settable`].

pub(crate) mod content;
pub(crate) mod describe;
pub(crate) mod event;
pub(crate) mod page;
pub(crate) mod record;
mod resource;
pub(crate) mod routes;
pub(crate) mod rules;
pub(crate) mod settable;
pub(crate) mod storage;

pub(crate) use resource::MirroredResource;
