//! A client that is generated from the store's document, and places an order.

use std::path::Path;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::installed::succeed;

/// Generates the client, compiles it and runs it.
pub(crate) async fn place_an_order(client: &Path, store: &str, token: &str) -> Result<()> {
    let document = format!("{store}/openapi.json");
    let programs = client.join("node_modules/.bin");
    let mut generate = Command::new(programs.join("openapi-typescript"));
    generate.args([&document, "--output", "store.d.ts"]).current_dir(client);
    succeed(&mut generate).await.context("the client cannot be generated")?;
    let mut compile = Command::new(programs.join("tsc"));
    succeed(compile.args(["--project", "."]).current_dir(client))
        .await
        .context("the client does not compile")?;
    let mut place = Command::new("node");
    place.arg("place.js").env("STORE_URL", store).env("STORE_TOKEN", token).current_dir(client);
    succeed(&mut place).await.context("the client does not place an order")
}
