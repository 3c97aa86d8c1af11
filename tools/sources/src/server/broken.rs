//! The answers that are broken by a rule: too short, too long, or none.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodyStream, SizedStream};
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};

use super::head;
use crate::http::Answer;

/// The size of the pieces of an answer that is too large.
const PIECE: usize = 64 << 10;

/// Returns the first half of a body: never all of it, and so never a complete JSON text.
pub(super) fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}

/// Ends the connection before anything of an answer was sent: a body that fails at once does.
pub(super) fn close() -> HttpResponse {
    HttpResponse::Ok().body(BodyStream::new(stream::once(async {
        Err::<Bytes, _>(io::Error::other("closed by a rule"))
    })))
}

/// Sends one half of a body whose whole length was announced, and ends the connection.
pub(super) fn close_in_body(answer: &Answer) -> HttpResponse {
    let half = half(&answer.body);
    // Announced is more than is sent, of an empty body too.
    let length = u64::try_from(answer.body.len()).unwrap_or_default().max(1);
    let end = stream::once(async {
        // So that the half is on its way before the end.
        Once::default().await;
        Err(io::Error::other("closed by a rule"))
    });
    let body = stream::iter((!half.is_empty()).then_some(Ok(half))).chain(end);
    head(answer).body(SizedStream::new(length, Box::pin(body)))
}

/// Sends a body of a given size, in pieces and without announcing it: a JSON text of one long array.
pub(super) fn too_large(answer: &Answer, bytes: u64) -> HttpResponse {
    head(answer).body(BodyStream::new(Box::pin(pieces(bytes))))
}

fn pieces(bytes: u64) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (piece, mut left) = (Bytes::from(vec![b' '; PIECE]), bytes.max(2) - 2);
    let middle = std::iter::from_fn(move || {
        let length = left.min(PIECE as u64);
        left -= length;
        (length > 0).then(|| piece.slice(..usize::try_from(length).unwrap_or(PIECE)))
    });
    let ends = |end: &'static [u8]| std::iter::once(Bytes::from_static(end));
    stream::iter(ends(b"[").chain(middle).chain(ends(b"]")).map(Ok))
}

/// A future that lets the server send what it has before it goes on.
#[derive(Default)]
struct Once {
    polled: bool,
}

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
