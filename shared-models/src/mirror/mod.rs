//! The mirror: posts and comments of the store, kept the same as those of a remote REST service.
//!
//! The kinds of records and of their events, which the store writes; folding them, which the worker does;
//! and what the worker asks of the store. Pure.

mod fold;
mod kind;
mod load;
mod send;

pub use fold::{Folded, Happened, fold, fold_all};
pub use kind::{MirrorEvent, Mirrored};
pub use load::{
    Gone, GoneResult, Listed, Load, LoadResult, MAX_LISTED, MAX_LOADED, RefusedRecord,
    RemoteComment, RemotePost,
};
pub use send::{
    Action, CommentFields, DueRecord, Fields, MAX_FOUND, MAX_PREPARED, Only, Outcome, Outstanding,
    PostFields, Prepare, Prepared, PreparedItem, Settle, SettleItem, SettleState, Settled,
    SettledItem,
};

/// The name of the mirror's job at the store.
pub const JOB: &str = "mirror";
