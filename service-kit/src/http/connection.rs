//! How long a connection may wait for whoever is at its other end.
//!
//! actix limits the time for the first head on a connection, and for a quiet one. It does not for a
//! later head that comes only half, for the rest of a chunked body that nobody reads, nor for an
//! answer that nobody takes. So each connection has a deadline, which stands still only while a
//! request is in hand; what takes a request in hand has limits of its own.

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
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long whoever has not been heard to the end has to read why.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes a second; who takes an answer more slowly is cut off.
const SLOWEST: u32 = 64 * 1024;

/// A connection that is open.
pub(super) struct Connection {
    socket: OwnedFd,
    patience: Cell<Duration>,
    deadline: Cell<Option<Instant>>,
    /// Its end tells whoever watches that there is nothing more to watch.
    _open: oneshot::Sender<()>,
}

/// Watches over a new connection: between requests it is patient for so long.
pub(super) fn open(stream: &dyn Any, data: &mut Extensions, patience: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else {
        tracing::error!("a connection is no TCP stream; nobody watches over it");
        return;
    };
    match stream.as_fd().try_clone_to_owned() {
        Ok(socket) => {
            data.insert(Connection::watched(socket, patience));
        }
        Err(error) => {
            tracing::warn!(%error, "a connection is refused");
            tell(shutdown(stream.as_fd(), Shutdown::Both));
        }
    }
}

impl Connection {
    fn watched(socket: OwnedFd, patience: Duration) -> Rc<Self> {
        let (open, closed) = oneshot::channel();
        let deadline = Cell::new(Some(Instant::now() + patience));
        let connection =
            Rc::new(Self { socket, patience: Cell::new(patience), deadline, _open: open });
        rt::spawn(watch(Rc::downgrade(&connection), closed));
        connection
    }

    /// That of a request.
    pub(super) fn of(request: &HttpRequest) -> Option<&Rc<Self>> {
        request.conn_data()
    }

    /// The request in hand is its last: what is still to come of it is not waited for.
    pub(super) fn end(&self) {
        self.patience.set(FAREWELL);
    }

    fn answers(&self) {
        self.deadline.set(Some(Instant::now() + self.patience.get()));
    }

    fn answers_more(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let time = Duration::from_secs_f64(f64::from(bytes) / f64::from(SLOWEST));
        self.deadline.set(self.deadline.get().map(|deadline| deadline + time));
    }

    /// When to look again; not at all, where it took too long.
    fn look(&self) -> Option<Instant> {
        let now = Instant::now();
        match self.deadline.get() {
            Some(deadline) if deadline <= now => {
                self.cut();
                None
            }
            Some(deadline) => Some(deadline),
            // No deadline that is yet to be set is earlier.
            None => Some(now + self.patience.get()),
        }
    }

    /// What was sent and not taken is thrown away, or it would be kept for long.
    fn cut(&self) {
        tracing::debug!("a connection is cut off: its other end took too long");
        tell(sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)));
        tell(shutdown(&self.socket, Shutdown::Both));
    }
}

fn tell(done: rustix::io::Result<()>) {
    if let Err(error) = done.map_err(io::Error::from) {
        tracing::debug!(%error, "a connection was closed already");
    }
}

async fn watch(connection: Weak<Connection>, mut closed: oneshot::Receiver<()>) {
    // It is not held across the wait: it must be free to close.
    while let Some(next) = connection.upgrade().and_then(|connection| connection.look()) {
        tokio::select! {
            _ = &mut closed => return,
            () = tokio::time::sleep_until(next) => {}
        }
    }
}

/// The deadline of the connection stands still until there is an answer.
pub(super) async fn in_hand<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answer>, Error> {
    let connection = Connection::of(request.request()).cloned();
    let connection = connection.ok_or_else(|| io::Error::other("nobody watches"))?;
    connection.deadline.set(None);
    let kept = kept(&mut request);
    let answered = next.call(request).await;
    connection.answers();
    let answered = answered?.map_into_boxed_body();
    Ok(answered.map_body(|_, body| Answer { body, connection, _kept: kept }))
}

/// The body of a request; several may hold it.
#[derive(Clone)]
struct Kept(Rc<RefCell<Payload>>);

/// Keeps a chunked body until its request is answered. Else actix would keep the connection for
/// another request, and read what is left of the body first; where it had already stopped reading,
/// for there was much of it, it never goes on, and the connection stays for good. Where the body is
/// still there, it closes the connection after the answer.
fn kept(request: &mut ServiceRequest) -> Option<Kept> {
    request.headers().get(TRANSFER_ENCODING)?;
    let kept = Kept(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(kept.clone()) });
    Some(kept)
}

impl Stream for Kept {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// An answer; the more there is of it, the longer it may take.
pub(super) struct Answer {
    body: BoxBody,
    connection: Rc<Connection>,
    _kept: Option<Kept>,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.connection.answers_more(bytes.len());
        }
        next
    }
}
