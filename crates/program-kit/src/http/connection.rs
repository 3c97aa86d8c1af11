//! Deadlines for the client of a connection.
//!
//! actix limits the time for the first head on a connection, and for an idle one. It does not limit
//! a later head that arrives only in part, the rest of a chunked body that nobody reads, or an
//! answer that the client does not read. So each connection has a deadline, which is suspended only
//! while a request is being handled; the parts that handle a request have limits of their own. An
//! answer without an end has no deadline; there, TCP notices a client that does not read.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _, HttpRequest, rt};
use futures_util::Stream;
use rustix::net::{Shutdown, shutdown, sockopt};
use tokio::io::Interest;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The time that a client has to read the answer to a request that was refused before its end.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The slowest rate in bytes a second at which a client may read an answer.
const MIN_READ_RATE: u32 = 64 * 1024;

/// The time after which the client of an answer without an end is taken to be gone, if it has not
/// acknowledged what was sent, or reads nothing.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);

/// An open connection.
pub(super) struct Connection {
    socket: OwnedFd,
    /// Set while an answer without an end is sent.
    is_stream: Cell<bool>,
    timeout: Cell<Duration>,
    deadline: Cell<Option<Instant>>,
    /// Dropping this ends the watching task.
    _open: oneshot::Sender<()>,
}

/// Watches a new connection, with this timeout between requests.
pub(super) fn open(stream: &dyn Any, data: &mut Extensions, timeout: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else {
        tracing::error!("a connection is not a TCP stream, so it has no deadline");
        return;
    };
    match stream.as_fd().try_clone_to_owned() {
        Ok(socket) => {
            data.insert(Connection::watched(socket, timeout));
        }
        Err(error) => {
            tracing::warn!(%error, "a connection was refused: its socket could not be duplicated");
            log_failure(shutdown(stream.as_fd(), Shutdown::Both));
        }
    }
}

impl Connection {
    fn watched(socket: OwnedFd, timeout: Duration) -> Rc<Self> {
        let (open, closed) = oneshot::channel();
        let deadline = Cell::new(Some(Instant::now() + timeout));
        let is_stream = Cell::new(false);
        let connection =
            Rc::new(Self { socket, is_stream, timeout: Cell::new(timeout), deadline, _open: open });
        rt::spawn(watch(Rc::downgrade(&connection), closed));
        connection
    }

    /// Returns the connection of a request.
    pub(super) fn of(request: &HttpRequest) -> Option<&Rc<Self>> {
        request.conn_data()
    }

    /// Makes the current request the last one: the rest of it is not waited for.
    pub(super) fn end(&self) {
        self.timeout.set(CLOSE_TIMEOUT);
    }

    fn start_deadline(&self) {
        if !self.is_stream.get() {
            self.deadline.set(Some(Instant::now() + self.timeout.get()));
        }
    }

    /// Ends an answer without an end.
    fn end_stream(&self) {
        if self.is_stream.replace(false) {
            self.set_unread_timeout(Duration::ZERO);
            self.start_deadline();
        }
    }

    /// Sets the time after which TCP gives up; zero is the system's own.
    fn set_unread_timeout(&self, timeout: Duration) {
        let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        log_failure(sockopt::set_tcp_user_timeout(&self.socket, millis));
    }

    fn extend_deadline(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let time = Duration::from_secs_f64(f64::from(bytes) / f64::from(MIN_READ_RATE));
        self.deadline.set(self.deadline.get().map(|deadline| deadline + time));
    }

    /// Returns when to check again; `None` if the connection was cut.
    fn check_deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        match self.deadline.get() {
            Some(deadline) if deadline <= now => {
                self.cut();
                None
            }
            Some(deadline) => Some(deadline),
            // No deadline that is set later can be earlier than this.
            None => Some(now + self.timeout.get()),
        }
    }

    /// Cuts the connection. Unsent data is discarded, or the kernel would keep it for long.
    fn cut(&self) {
        tracing::debug!("a connection was closed: the client exceeded its deadline");
        log_failure(sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)));
        log_failure(shutdown(&self.socket, Shutdown::Both));
    }
}

/// The client of a request that is answered late, or without an end. actix notices that it is gone
/// only when it writes.
pub struct Client(Option<TcpStream>);

impl Client {
    /// Returns the client of a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let socket = Connection::of(request).and_then(|it| it.socket.try_clone().ok());
        Self(socket.and_then(|it| TcpStream::from_std(it.into()).ok()))
    }

    /// Waits until it has closed the connection.
    pub async fn gone(&self) {
        let Some(socket) = &self.0 else { return std::future::pending().await };
        while let Ok(ready) = socket.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            // What it sends meanwhile is not read here, and no reason to look again.
            let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let _ = socket.try_io(Interest::READABLE, nothing);
        }
    }
}

/// Suspends the deadline of a connection until the answer to this request, which has no end, has
/// ended all the same.
pub fn keep_open(request: &HttpRequest) {
    if let Some(connection) = Connection::of(request) {
        connection.is_stream.set(true);
        connection.set_unread_timeout(UNREAD_TIMEOUT);
    }
}

fn log_failure(done: rustix::io::Result<()>) {
    if let Err(error) = done.map_err(io::Error::from) {
        tracing::debug!(%error, "a connection was already closed");
    }
}

async fn watch(connection: Weak<Connection>, mut closed: oneshot::Receiver<()>) {
    // Not held across the wait: the connection must be free to close.
    while let Some(next) = connection.upgrade().and_then(|connection| connection.check_deadline()) {
        tokio::select! {
            _ = &mut closed => return,
            () = tokio::time::sleep_until(next) => {}
        }
    }
}

/// Suspends the deadline of the connection until there is an answer.
pub(super) async fn suspend_deadline<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<WatchedBody>, Error> {
    let connection = Connection::of(request.request()).cloned();
    let connection =
        connection.ok_or_else(|| io::Error::other("the connection has no deadline"))?;
    connection.deadline.set(None);
    let kept_body = keep_body(&mut request);
    let answered = next.call(request).await;
    connection.start_deadline();
    let answered = answered?.map_into_boxed_body();
    Ok(answered.map_body(|_, body| WatchedBody { body, connection, _kept_body: kept_body }))
}

/// The body of a request; several may hold it.
#[derive(Clone)]
struct KeptBody(Rc<RefCell<Payload>>);

/// Keeps a chunked body until its request is answered. Otherwise actix would reuse the connection
/// for another request, and read the rest of the body first; if it had already paused reading,
/// because the body is large, it never continues, and the connection stays open for good. While the
/// body is kept, actix closes the connection after the answer.
fn keep_body(request: &mut ServiceRequest) -> Option<KeptBody> {
    request.headers().get(TRANSFER_ENCODING)?;
    let kept = KeptBody(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(kept.clone()) });
    Some(kept)
}

impl Stream for KeptBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer; its length extends the deadline.
pub(super) struct WatchedBody {
    body: BoxBody,
    connection: Rc<Connection>,
    _kept_body: Option<KeptBody>,
}

impl MessageBody for WatchedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.connection.extend_deadline(bytes.len()),
            Poll::Ready(None | Some(Err(_))) => self.connection.end_stream(),
            Poll::Pending => {}
        }
        next
    }
}
