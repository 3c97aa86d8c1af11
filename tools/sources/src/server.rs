//! The HTTP server of a source: reads a request to its end, writes it down, and answers it, or does
//! what a rule says instead.

mod broken;
mod meeting;
mod open;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER};
use actix_web::web::{self, Bytes, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer};
use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::http::{Answer, Request, Source};
use crate::steering::{self, Steering, Treatment};
use broken::close;
use meeting::Meeting;
use open::Open;

/// The largest body of a request.
const BODY: usize = 16 << 20;

/// A running server. Dropping it closes its port and all connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    stopped: Arc<AtomicBool>,
    ended: Option<JoinHandle<io::Result<()>>>,
}

/// A source with its steering.
struct Served<S> {
    source: Arc<S>,
    steering: Steering,
    /// Whether the server was stopped: its connections end a moment later, and nothing may be
    /// carried out meanwhile.
    stopped: Arc<AtomicBool>,
}

impl<S> Served<S> {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Server {
    /// Serves a source at an address; port 0 takes a free one.
    pub(crate) fn start<S: Source>(
        host: IpAddr,
        port: u16,
        source: Arc<S>,
        steering: Steering,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((host, port))
            .with_context(|| format!("cannot listen on {host} port {port}"))?;
        let address = listener.local_addr()?;
        let stopped = Arc::<AtomicBool>::default();
        let served = Served { source, steering, stopped: Arc::clone(&stopped) };
        let served = web::Data::new(served);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(served.clone())
                .app_data(PayloadConfig::new(BODY))
                .default_service(web::to(serve::<S>))
        });
        let server = server.disable_signals().workers(1).listen(listener)?.run();
        let handle = server.handle();
        Ok(Self { address, handle, stopped, ended: Some(tokio::spawn(server)) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server and waits until its port is free.
    pub(crate) async fn stop(mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.handle.stop(false).await;
        if let Some(ended) = self.ended.take() {
            // An error would be one of stopping what has stopped.
            let _ = ended.await;
        }
    }

    /// Waits until the server ends, which it does not do by itself.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        match self.ended.as_mut() {
            Some(ended) => Ok(ended.await??),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The command is sent at once; the future only waits for its end.
        drop(self.handle.stop(false));
    }
}

async fn serve<S: Source>(
    http: HttpRequest,
    body: Bytes,
    served: web::Data<Served<S>>,
) -> HttpResponse {
    if served.is_stopped() {
        return close();
    }
    let request = request(&http, body);
    let (source, steering) = (&*served.source, &served.steering);
    if let ["control", path @ ..] = request.segments().as_slice() {
        return respond(steering::control(steering, source, &request, path));
    }
    let (number, treatment) = steering.begin(&request, source.is_secret(&request));
    let open = Open::new(steering, number);
    match treatment {
        Treatment::Answer => {
            let answer = source.answer(&request);
            open.note(None, answer.applied);
            open.end(answer.status);
            respond(answer)
        }
        Treatment::Refuse(seconds) => {
            open.note(Some("rate"), false);
            open.end(429);
            let refusal = Answer::refusal(429, "rate limit exceeded");
            respond(refusal.with(RETRY_AFTER.as_str(), seconds.to_string()))
        }
        Treatment::Fault(action, cleared) => {
            let meeting = Meeting { served, request, open, fault: action.name() };
            meeting.answer(action, cleared).await
        }
    }
}

fn request(http: &HttpRequest, body: Bytes) -> Request {
    let header = |name: HeaderName| {
        let value = http.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let bearer = header(AUTHORIZATION).and_then(|value| {
        Some(value.split_once(' ')?.1.trim().to_owned())
            .filter(|_| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")))
    });
    Request {
        method: http.method().to_string(),
        path: http.path().trim_end_matches('/').to_owned(),
        query: http.query_string().to_owned(),
        host: header(HOST).unwrap_or_default(),
        content_type: header(CONTENT_TYPE).unwrap_or_default(),
        bearer,
        idempotency_key: header(HeaderName::from_static("idempotency-key")),
        body,
    }
}

fn head(answer: &Answer) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in &answer.headers {
        response.insert_header(header.clone());
    }
    response
}

fn respond(answer: Answer) -> HttpResponse {
    head(&answer).body(answer.body)
}
