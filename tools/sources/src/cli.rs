//! The command line.

use clap::{Parser, Subcommand};

use crate::{remote, upstream};

/// Serves a small remote or a small upstream, which can be told to fail.
#[derive(Debug, Parser)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The sources.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Posts and comments, of JSONPlaceholder's shape, that keep what they are given.
    Remote(remote::Options),
    /// Users and their warehouses, behind a token.
    Upstream(upstream::Options),
}
