//! HTTP for tests. reqwest has no TLS by default, and gets none here: plain HTTP only.

use program_kit::tls::Tls;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Result};

/// Returns a builder of a client.
pub fn http() -> ClientBuilder {
    // A redirect is an answer, too.
    #[expect(clippy::disallowed_methods, reason = "it is told of TLS here")]
    let client = Client::builder().redirect(Policy::none());
    client.tls_backend_preconfigured(Tls::trusting_nobody().unwrap().config())
}

/// Sends one `GET` request, on a connection of its own.
pub async fn get(url: &str) -> Result<Response> {
    http().build()?.get(url).send().await
}
