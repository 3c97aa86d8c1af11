//! Records that an upstream may own: their ids are numbers that come from the caller or from the upstream,
//! their fields are texts, and a note of this side belongs to each. Sites and operators are such records.
//!
//! `kind`, `record`, `input` and `rules` decide, and know no database; `storage` and `listing` have all the
//! SQL. Nothing in here knows which kinds there are.

pub(crate) mod describe;
mod input;
mod kind;
mod listing;
mod pages;
mod record;
mod resource;
mod routes;
mod rules;
mod statement;
mod storage;

pub(crate) use input::{id_of, sent_fields};
pub(crate) use kind::{AllMore, Events, Field, Kind, common_expectation};
pub(crate) use pages::{Listed, answer_page};
pub(crate) use record::{Author, Fields, Record, Shown, Written};
pub(crate) use resource::register;
pub(crate) use routes::{Unlink, collection, item, known_form, lock_one, unknown};
pub(crate) use rules::{Desired, as_pulled, written};
pub(crate) use storage::{find, find_all, insert, lock, overwrite, overwrite_with_more};
