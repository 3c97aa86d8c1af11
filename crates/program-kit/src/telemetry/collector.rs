//! The collector to which spans are sent, by OTLP over HTTP.
//!
//! opentelemetry reads most variables `OTEL_*` itself; read here is what it does not know, and what
//! concerns our client.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use super::endpoint::{Endpoint, Variable, first, timeout};
use crate::tls::{CaFile, Check, Tls};

const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const CERTIFICATES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];

/// The protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";

/// The variable that names the program, and the attribute of a resource that does.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// The number of bytes that are read of an answer. A collector has little to say.
const MAX_ANSWER: usize = 64 << 10;

/// Returns the provider of tracers, if the environment names a collector.
pub(super) fn provider(program: &'static str) -> Result<Option<SdkTracerProvider>, String> {
    if is_off() {
        return Ok(None);
    }
    let Some(endpoint) = Endpoint::of_environment()? else { return Ok(None) };
    if let Some(Variable { name, value }) = first(PROTOCOLS).filter(|it| it.value != PROTOCOL) {
        return Err(format!("{name}: expected {PROTOCOL}, found {value:?}"));
    }
    let timeout = timeout()?;
    let client = Client::new(&endpoint, &tls(&endpoint)?, timeout)?;
    let exporter = SpanExporter::builder().with_http().with_http_client(client);
    // The client has the whole URL. The exporter logs the one that it has.
    let exporter = exporter.with_endpoint(endpoint.to_public()).with_timeout(timeout).build();
    let exporter = exporter.map_err(|error| format!("traces cannot be sent: {error}"))?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(Some(provider.with_resource(resource(program)).build()))
}

/// Returns whether traces are switched off.
fn is_off() -> bool {
    let is = |variable: &str, value: &str| {
        env::var(variable).is_ok_and(|found| found.eq_ignore_ascii_case(value))
    };
    is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none")
}

fn resource(program: &'static str) -> Resource {
    let named = env::var(SERVICE_NAME).is_ok()
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    let resource = Resource::builder();
    if named { resource.build() } else { resource.with_service_name(program).build() }
}

fn tls(endpoint: &Endpoint) -> Result<Tls, String> {
    if !endpoint.is_encrypted() {
        return Tls::trusting_nobody();
    }
    let file = first(CERTIFICATES).map(|it| CaFile::try_from(PathBuf::from(it.value)));
    Tls::new(file.transpose()?.as_ref(), Check::Name)
}

/// The client of the collector. The exporter has a thread of its own, without a runtime: requests are
/// sent on that of the program.
struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    runtime: Handle,
}

impl Client {
    /// Creates a client that waits for an answer, to its end, for `timeout`.
    fn new(endpoint: &Endpoint, tls: &Tls, timeout: Duration) -> Result<Self, String> {
        let runtime = Handle::try_current().map_err(|error| error.to_string())?;
        #[expect(clippy::disallowed_methods, reason = "the TLS configuration is set here")]
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(tls.config())
            .timeout(timeout)
            .build();
        let http = http.map_err(|error| error.without_url().to_string())?;
        Ok(Self { http, endpoint: endpoint.clone(), runtime })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Sends a request to the endpoint, whatever its own URL is. A user and a password in the
    /// endpoint become basic authorization, unless the request has another one.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = self.http.request(head.method, self.endpoint.expose().clone());
        let request = request.headers(head.headers).body(body);
        let sending = self.runtime.spawn(async move {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, beginning(answer).await?))
        });
        let (status, headers, body) = sending.await?.map_err(reqwest::Error::without_url)?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Reads an answer; what is too long is cut off.
async fn beginning(mut answer: reqwest::Response) -> reqwest::Result<Bytes> {
    let mut body = vec![];
    while body.len() < MAX_ANSWER
        && let Some(part) = answer.chunk().await?
    {
        body.extend_from_slice(&part[..part.len().min(MAX_ANSWER - body.len())]);
    }
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// The longest that a test waits for an answer.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Returns a client of a collector that does `answer` with each connection, and what it sends.
    async fn client<A: Future<Output = ()> + Send>(
        timeout: Duration,
        answer: impl Fn(TcpStream) -> A + Send + 'static,
    ) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let value = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                answer(connection).await;
            }
        });
        let endpoint = Endpoint::parse(&Variable { name: "ENDPOINT", value }).unwrap();
        Client::new(&endpoint, &Tls::trusting_nobody().unwrap(), timeout).unwrap()
    }

    async fn send(client: &Client) -> Result<Response<Bytes>, HttpError> {
        let request = Request::post("/").body(Bytes::from_static(b"spans")).unwrap();
        tokio::time::timeout(PATIENCE, client.send_bytes(request)).await.expect("it gives up")
    }

    #[tokio::test]
    async fn a_collector_that_never_answers_is_given_up() {
        let silent = client(Duration::from_millis(50), async |_connection| {
            std::future::pending::<()>().await;
        });
        assert!(send(&silent.await).await.is_err());
    }

    #[tokio::test]
    async fn of_a_long_answer_only_the_beginning_is_read() {
        let endless = client(PATIENCE, async |mut connection: TcpStream| {
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).await;
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while connection.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        let answer = send(&endless.await).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().len()), (200, MAX_ANSWER));
    }
}
