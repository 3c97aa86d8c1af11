//! Falsifies the answers to the changes that a worker sends to a side. Every other request on the
//! link is answered by the side.

use std::future::pending;

use httparse::{EMPTY_HEADER, Header, Request, Response, Status};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connect;
use crate::fault::LinkFault;

/// The request with which a worker sends changes.
const CHANGES: &[u8] = b"POST /v1/sync/orders ";
const FAILURE: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}";
const HEADERS: usize = 64;

/// Serves one connection, request by request, until the caller has no more.
pub(super) async fn serve(
    client: &mut TcpStream,
    upstream: u16,
    fault: LinkFault,
) -> io::Result<()> {
    while let Some(request) = read(client, length_of_request).await? {
        if !request.starts_with(CHANGES) {
            let answer = ask(upstream, &request).await?;
            client.write_all(&answer).await?;
            continue;
        }
        match fault {
            LinkFault::Hangs => pending().await,
            LinkFault::FailsAfterApplying => _ = ask(upstream, &request).await?,
            LinkFault::CutsAfterApplying => {
                ask(upstream, &request).await?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            LinkFault::Fails | LinkFault::Cut | LinkFault::BlackHole | LinkFault::Slow => {}
        }
        client.write_all(FAILURE).await?;
    }
    Ok(())
}

/// The answer of the side.
async fn ask(upstream: u16, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = connect(upstream).await?;
    server.write_all(request).await?;
    read(&mut server, length_of_response).await?.ok_or(io::ErrorKind::UnexpectedEof.into())
}

/// Reads one message whole; none where the connection ends before one begins. Nobody here sends a
/// second one before the first is answered.
async fn read(
    stream: &mut TcpStream,
    length: fn(&[u8]) -> io::Result<Option<usize>>,
) -> io::Result<Option<Vec<u8>>> {
    let mut message = vec![];
    loop {
        if length(&message)?.is_some_and(|length| message.len() >= length) {
            return Ok(Some(message));
        }
        if stream.read_buf(&mut message).await? == 0 {
            return match message.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    }
}

/// The length of a whole request, once its head is there.
fn length_of_request(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut request = Request::new(&mut headers);
    let head = request.parse(bytes).map_err(io::Error::other)?;
    Ok(whole(head, request.headers))
}

fn length_of_response(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let head = response.parse(bytes).map_err(io::Error::other)?;
    Ok(whole(head, response.headers))
}

/// Both the worker and the sides say how long their bodies are.
fn whole(head: Status<usize>, headers: &[Header<'_>]) -> Option<usize> {
    let Status::Complete(head) = head else { return None };
    let named = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = named.and_then(|header| str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    Some(head + length.unwrap_or(0))
}
