//! HTTP for tests. reqwest has no TLS by default, and gets none here: plain HTTP only.

use program_kit::tls::Tls;
use reqwest::{Client, ClientBuilder, Response, Result};

/// Returns a builder of a client.
pub fn http() -> ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "it is told of TLS here")]
    Client::builder().tls_backend_preconfigured(Tls::trusting_nobody().unwrap().config())
}

/// Sends one `GET` request, on a connection of its own.
pub async fn get(url: &str) -> Result<Response> {
    http().build()?.get(url).send().await
}
