//! The collector to which spans are sent, by OTLP over HTTP.
//!
//! opentelemetry reads the variables `OTEL_*` itself; only what it does not know is read here.

use std::env;
use std::path::PathBuf;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use crate::tls::{CaFile, Check, Tls};

/// The variables that name the collector: the first that is set counts.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const CERTIFICATES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];

/// The protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";

/// The variable that names the program, and the attribute of a resource that does.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// Returns the provider of tracers, if the environment names a collector.
pub(super) fn provider(program: &'static str) -> Result<Option<SdkTracerProvider>, String> {
    let Some(endpoint) = wanted() else { return Ok(None) };
    if let Some(protocol) = first(PROTOCOLS).filter(|protocol| protocol != PROTOCOL) {
        let [_, variable] = PROTOCOLS;
        return Err(format!("{variable}: expected {PROTOCOL}, found {protocol:?}"));
    }
    let tls = tls(&endpoint)?;
    let exporter = SpanExporter::builder().with_http().with_http_client(Client::new(&tls)?).build();
    let exporter = exporter.map_err(|error| {
        let [_, variable] = ENDPOINTS;
        format!("{variable}: traces cannot be sent there: {error}")
    })?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(Some(provider.with_resource(resource(program)).build()))
}

/// Returns the endpoint, unless traces are switched off.
fn wanted() -> Option<String> {
    let is = |variable: &str, value: &str| {
        env::var(variable).is_ok_and(|found| found.eq_ignore_ascii_case(value))
    };
    let is_off = is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none");
    first(ENDPOINTS).filter(|_| !is_off)
}

/// Returns the value of the first of these variables that is set.
fn first(variables: [&str; 2]) -> Option<String> {
    variables.into_iter().find_map(|it| env::var(it).ok().filter(|value| !value.is_empty()))
}

fn resource(program: &'static str) -> Resource {
    let named = env::var(SERVICE_NAME).is_ok()
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    let resource = Resource::builder();
    if named { resource.build() } else { resource.with_service_name(program).build() }
}

fn tls(endpoint: &str) -> Result<Tls, String> {
    if !endpoint.starts_with("https:") {
        return Tls::trusting_nobody();
    }
    let file = first(CERTIFICATES).map(|path| CaFile::try_from(PathBuf::from(path)));
    Tls::new(file.transpose()?.as_ref(), Check::Name)
}

/// The client of the collector. The exporter has a thread of its own, without a runtime: requests are
/// sent on that of the program.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    fn new(tls: &Tls) -> Result<Self, String> {
        let runtime = Handle::try_current().map_err(|error| error.to_string())?;
        #[expect(clippy::disallowed_methods, reason = "the TLS configuration is set here")]
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(tls.config())
            .build();
        let http = http.map_err(|error| error.without_url().to_string())?;
        Ok(Self { http, runtime })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        });
        let (status, headers, body) = sending.await?.map_err(reqwest::Error::without_url)?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
