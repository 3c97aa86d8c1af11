//! The mirror: posts and comments of the store, kept the same as those of a remote REST service.
//!
//! The kinds of records and of their events, which the store writes and the worker folds. Pure.

mod kind;

pub use kind::{MirrorEvent, Mirrored};
