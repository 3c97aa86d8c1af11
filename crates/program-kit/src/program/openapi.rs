//! `openapi`: prints the API document.

use std::io::{self, Write as _};

use clap::Command;

use crate::http::docs::text;
use crate::http::endpoints::Routes;

/// The subcommand's name.
pub(super) const NAME: &str = "openapi";

/// The subcommand and its help.
pub(super) fn command() -> Command {
    Command::new(NAME).about("Print the document of the HTTP API (OpenAPI 3.1)")
}

/// Prints the document.
pub(super) fn run(paths: &Routes) -> io::Result<()> {
    io::stdout().write_all(text(&paths.document()).as_bytes())
}
