//! Reading an answer, as far as its status and its end.

use anyhow::{Context, bail, ensure};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// More headers than any service of ours sends.
const HEADERS: usize = 32;

/// An answer; its body only where somebody wanted it.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// The head of an answer.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// The beginning of the body, and its length.
    begins: usize,
    length: usize,
}

impl Head {
    fn ends(&self) -> usize {
        self.begins + self.length
    }
}

/// Reads the next answer. Nothing may follow it, for nothing was asked yet.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    wants_body: impl Fn(u16) -> bool,
) -> anyhow::Result<Answer> {
    let head = loop {
        more(from, buffer).await?;
        if let Some(head) = parse(buffer)? {
            break head;
        }
    };
    while buffer.len() < head.ends() {
        more(from, buffer).await?;
    }
    ensure!(
        buffer.len() == head.ends(),
        "{} bytes more than one answer",
        buffer.len() - head.ends()
    );
    let body = if wants_body(head.status) {
        buffer.split().freeze().slice(head.begins..)
    } else {
        Bytes::new()
    };
    buffer.clear();
    Ok(Answer { status: head.status, body })
}

async fn more(from: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> anyhow::Result<()> {
    let so_far = buffer.len();
    let read = from.read_buf(buffer).await.context("awaiting an answer")?;
    ensure!(read > 0, "the connection was closed after {so_far} bytes of an answer");
    Ok(())
}

/// Nothing where it has not wholly come.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begins) = response.parse(bytes).context("not HTTP/1.1")? else {
        return Ok(None);
    };
    let status = response.code.context("an answer with no status")?;
    let length = match length(response.headers)? {
        Some(length) => length,
        None if status == 204 || status == 304 => 0,
        None => bail!("an answer ({status}) that does not say how long it is"),
    };
    Ok(Some(Head { status, begins, length }))
}

fn length(headers: &[httparse::Header<'_>]) -> anyhow::Result<Option<usize>> {
    let mut named =
        headers.iter().filter(|header| header.name.eq_ignore_ascii_case("content-length"));
    let Some(header) = named.next() else { return Ok(None) };
    Ok(Some(str::from_utf8(header.value)?.parse().context("content-length")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\nserver: x\r\nContent-Length: 4\r\n\r\n{ab}";

    async fn read_all(mut bytes: &[u8], wants_body: bool) -> anyhow::Result<Answer> {
        read(&mut bytes, &mut BytesMut::with_capacity(16), |_| wants_body).await
    }

    #[tokio::test]
    async fn an_answer_is_read_however_it_is_cut() {
        for cut in 1..CREATED.len() {
            let (early, late) = CREATED.split_at(cut);
            let (mut near, mut far) = tokio::io::duplex(64);
            let writes = async {
                use tokio::io::AsyncWriteExt;
                far.write_all(early).await.unwrap();
                tokio::task::yield_now().await;
                far.write_all(late).await.unwrap();
            };
            let mut buffer = BytesMut::with_capacity(64);
            let (answer, ()) = tokio::join!(read(&mut near, &mut buffer, |_| true), writes);
            assert_eq!(answer.unwrap(), Answer { status: 201, body: Bytes::from_static(b"{ab}") });
            assert!(buffer.is_empty());
        }
    }

    #[tokio::test]
    async fn a_body_that_nobody_wants_is_not_kept() {
        assert_eq!(read_all(CREATED, false).await.unwrap().body, Bytes::new());
    }

    #[tokio::test]
    async fn what_is_not_one_whole_answer_is_an_error_that_says_what() {
        for (bytes, says) in [
            (&CREATED[..20], "closed after 20 bytes"),
            (&CREATED[..CREATED.len() - 1], "closed after"),
            (b"", "closed after 0 bytes"),
            (b"SSH-2.0\r\n\r\n", "not HTTP/1.1"),
            (b"HTTP/1.1 200 OK\r\n\r\n", "does not say how long"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "content-length"),
            (b"HTTP/1.1 204 No Content\r\n\r\nmore", "4 bytes more"),
        ] {
            let error = format!("{:#}", read_all(bytes, true).await.unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
