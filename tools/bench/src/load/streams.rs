//! Many followers of one feed of server-sent events, in a thread of their own.
//!
//! They share the cores with what they follow, so they parse nothing. All of them began at one cursor,
//! and so each must be given the same bytes: the first to come to a place keeps what it is given there,
//! and all others are compared with that. What was kept is for the caller to read.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

/// What is read at once.
const AT_ONCE: usize = 256 * 1024;
/// The longest that a stream may be without an event.
const SILENCE: Duration = Duration::from_secs(60);

/// Streams that are open.
#[derive(Debug)]
pub struct Streams(oneshot::Receiver<Result<Given>>);

/// What the streams were given.
#[derive(Debug, Default)]
pub struct Given {
    /// The events, as each stream was given them.
    pub text: Vec<u8>,
    /// How often any stream was given events.
    pub arrivals: Vec<Arrival>,
}

/// Some events have come to a stream.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The number of the first, and of the one after the last.
    pub events: (u32, u32),
    /// When, in µs since 1970.
    pub at: i64,
}

/// What all streams share.
#[derive(Default)]
struct Shared {
    given: RefCell<Given>,
    /// The end of each event in the text.
    ends: RefCell<Vec<usize>>,
    buffer: RefCell<Vec<u8>>,
    /// The number of streams that are open, and whom to tell when all are.
    open: Cell<usize>,
    opened: Cell<Option<oneshot::Sender<()>>>,
}

/// A body in chunks, on its way: each is one or several events, or a comment.
#[derive(Default)]
struct Chunks {
    line: Vec<u8>,
    has_head: bool,
    /// What is left of the present chunk, and whether it has events.
    left: usize,
    is_events: Option<bool>,
    /// The number of bytes of events so far, and of events.
    at: usize,
    events: usize,
}

impl Streams {
    /// Opens streams, all with this request, which are read until each has had so many events.
    pub async fn open(
        address: SocketAddr,
        request: Bytes,
        streams: usize,
        events: usize,
    ) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ((mut tell, told), (open, opened)) = (oneshot::channel(), oneshot::channel());
        thread::Builder::new().name("streams".into()).spawn(move || {
            let shared = Rc::new(Shared { opened: Cell::new(Some(open)), ..Shared::default() });
            let reading = async {
                tokio::select! {
                    read = read_all(&shared, address, request, streams, events) => Some(read),
                    () = tell.closed() => None,
                }
            };
            if let Some(read) = LocalSet::new().block_on(&runtime, reading) {
                // Nobody awaits it any more.
                let _ = tell.send(read.map(|()| shared.given.take()));
            }
        })?;
        // If it is dropped, the streams have failed, and say so at the end.
        let _ = opened.await;
        Ok(Self(told))
    }

    /// Waits until each stream has had all events.
    pub async fn given(self) -> Result<Given> {
        self.0.await.context("the streams' thread has died")?
    }
}

async fn read_all(
    shared: &Rc<Shared>,
    address: SocketAddr,
    request: Bytes,
    streams: usize,
    events: usize,
) -> Result<()> {
    shared.buffer.borrow_mut().resize(AT_ONCE, 0);
    let mut reading = JoinSet::new();
    for number in 0..streams {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request).await?;
        let shared = Rc::clone(shared);
        reading.spawn_local(async move {
            let read = read(&shared, stream, streams, events).await;
            read.with_context(|| format!("stream {number} of {streams}"))
        });
    }
    while let Some(read) = reading.join_next().await {
        read??;
    }
    Ok(())
}

async fn read(shared: &Shared, stream: TcpStream, streams: usize, events: usize) -> Result<()> {
    let mut chunks = Chunks::default();
    while chunks.events < events {
        let readable = timeout(SILENCE, stream.readable()).await;
        readable.with_context(|| format!("silent after {} events", chunks.events))??;
        let mut buffer = shared.buffer.borrow_mut();
        let count = match stream.try_read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            read => read?,
        };
        ensure!(count > 0, "ended after {} events", chunks.events);
        let had_head = chunks.has_head;
        chunks.take(&buffer[..count], shared)?;
        if chunks.has_head && !had_head {
            shared.open.set(shared.open.get() + 1);
            if shared.open.get() == streams {
                let _ = shared.opened.take().map(|opened| opened.send(()));
            }
        }
        chunks.count(shared)?;
    }
    Ok(())
}

impl Chunks {
    fn take(&mut self, mut bytes: &[u8], shared: &Shared) -> Result<()> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                self.line.extend_from_slice(line);
                bytes = rest;
                if end.is_some() {
                    self.line_ended()?;
                }
                continue;
            }
            let (data, rest) = bytes.split_at(self.left.min(bytes.len()));
            if *self.is_events.get_or_insert(data[0] == b'i') {
                self.compare(data, shared)?;
            }
            self.left -= data.len();
            bytes = rest;
        }
        Ok(())
    }

    /// A line of the head, the size of a chunk, or the end of one.
    fn line_ended(&mut self) -> Result<()> {
        let line = str::from_utf8(&self.line)?.trim_end();
        if !self.has_head {
            let is_first = line.starts_with("HTTP/1.1");
            ensure!(!is_first || line.starts_with("HTTP/1.1 200"), "refused: {line}");
            self.has_head = line.is_empty();
        } else if !line.is_empty() {
            self.left = usize::from_str_radix(line, 16).with_context(|| line.to_owned())?;
            ensure!(self.left > 0, "the service ended it after {} events", self.events);
            self.is_events = None;
        }
        self.line.clear();
        Ok(())
    }

    fn compare(&mut self, data: &[u8], shared: &Shared) -> Result<()> {
        let text = &mut shared.given.borrow_mut().text;
        let known = &text[self.at..];
        let (same, new) = data.split_at(known.len().min(data.len()));
        ensure!(known[..same.len()] == *same, "another text than another stream's, at {}", self.at);
        self.at += data.len();
        // The end of an event may be between this part and the one before.
        let from = text.len().saturating_sub(1);
        text.extend_from_slice(new);
        let pairs = text[from..].windows(2).enumerate().filter(|(_, pair)| *pair == b"\n\n");
        shared.ends.borrow_mut().extend(pairs.map(|(place, _)| from + place + 2));
        Ok(())
    }

    /// Notes when events have come.
    fn count(&mut self, shared: &Shared) -> Result<()> {
        let ends = shared.ends.borrow();
        let new = ends[self.events..].iter().take_while(|end| **end <= self.at).count();
        if new > 0 {
            let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros().try_into()?;
            let events = (self.events.try_into()?, (self.events + new).try_into()?);
            shared.given.borrow_mut().arrivals.push(Arrival { events, at });
            self.events += new;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "id: a\ndata: 1\n\n";
    const TWO: &str = "id: b\ndata: 2\n\n";

    /// Reads a stream of these chunks in parts of a size; returns the number of events.
    fn read(shared: &Shared, chunks: &[&str], size: usize) -> Result<usize> {
        let chunk = |text: &&str| format!("{:x}\r\n{text}\r\n", text.len());
        let body = chunks.iter().map(chunk).collect::<String>();
        let text = format!("HTTP/1.1 200 OK\r\nserver: x\r\n\r\n{body}");
        let mut chunks = Chunks::default();
        for part in text.as_bytes().chunks(size) {
            chunks.take(part, shared)?;
            chunks.count(shared)?;
        }
        Ok(chunks.events)
    }

    #[test]
    fn the_same_events_are_counted_however_they_are_cut() {
        let (shared, both) = (Shared::default(), format!("{ONE}{TWO}"));
        for size in 1..100 {
            let chunks: &[&str] =
                if size % 2 == 0 { &[&both] } else { &[ONE, ":\nid: a\n\n", TWO] };
            assert_eq!(read(&shared, chunks, size).unwrap(), 2, "{size}");
        }
        assert_eq!(shared.given.borrow().text, both.as_bytes());
    }

    #[test]
    fn a_stream_that_loses_or_repeats_an_event_or_is_refused_is_an_error() {
        let shared = Shared::default();
        read(&shared, &[ONE, TWO], 9).unwrap();
        for chunks in [&[TWO][..], &[ONE, ONE]] {
            let error = read(&shared, chunks, 9).unwrap_err().to_string();
            assert!(error.contains("another text"), "{error}");
        }
        let mut refused = Chunks::default();
        assert!(refused.take(b"HTTP/1.1 503 Service Unavailable\r\n", &shared).is_err());
    }
}
