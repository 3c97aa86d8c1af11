//! All SQL of posts and comments. The caller owns the transaction.
//!
//! The tables of both have the same columns, except for what their contents are called. Records are locked
//! in this order: posts before comments, each in the order of their ids.

mod columns;
mod listing;
mod mirroring;
mod reading;
mod writing;

use shared_models::mirror::Mirrored;

pub(crate) use listing::{Filter, Listed, page};
pub(crate) use mirroring::{
    Due, RemoteName, due, listed, live_attempts, lock_comments, posts_of_comments,
    posts_with_remote_ids, records_with_remote_ids, set_comments_afloat, wake_comments,
};
pub(crate) use reading::{Selection, find, lock, lock_one, look};
pub(crate) use writing::{create, new_ids, overwrite, remove_comments, touch};

/// The names of a table's parts.
#[derive(Clone, Copy, Debug)]
struct Names {
    table: &'static str,
    parent: &'static str,
    name: &'static str,
    /// The column of the e-mail address, or what stands for it.
    email: &'static str,
}

const fn names(kind: Mirrored) -> Names {
    match kind {
        Mirrored::Post => {
            Names { table: "posts", parent: "user_id", name: "title", email: "null::text" }
        }
        Mirrored::Comment => {
            Names { table: "comments", parent: "post_id", name: "name", email: "email" }
        }
    }
}
