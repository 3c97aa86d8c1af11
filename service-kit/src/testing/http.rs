//! HTTP for tests. reqwest knows of no TLS by itself, and is told of none here: plain HTTP only.

use reqwest::{Client, ClientBuilder, Response, Result};

use crate::tls::Tls;

/// A client that is yet to be built.
pub fn http() -> ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "it is told of TLS here")]
    Client::builder().tls_backend_preconfigured(Tls::of_nobody().unwrap().config())
}

/// Asks once, over a connection of its own.
pub async fn get(url: &str) -> Result<Response> {
    http().build()?.get(url).send().await
}
