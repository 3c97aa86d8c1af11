//! The connections, and the thread that drives them.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, anyhow};
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout_at;

use super::answer::read;
use super::pace::{Alarm, Plan};
use super::tally::Tally;
use super::{Endpoint, Loaded};

/// Most answers fit in; it grows where one does not.
const BUFFER: usize = 16 * 1024;

/// A load in the making; all connections share it, in one thread.
struct Load<R> {
    plan: Plan,
    began: Instant,
    /// The number of the next request.
    next: Cell<u64>,
    tally: RefCell<Tally>,
    request: R,
}

/// Drives the load in a thread of its own; it stops where nobody awaits it any more.
pub(super) async fn apart(
    endpoint: Endpoint,
    connections: usize,
    plan: Plan,
    request: impl Fn(usize, u64) -> Bytes + Send + 'static,
) -> anyhow::Result<Loaded> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut tell, told) = oneshot::channel();
    thread::Builder::new().name("load".into()).spawn(move || {
        let done = drive(&runtime, async {
            tokio::select! {
                done = load(endpoint, connections, plan, request) => Some(done),
                () = tell.closed() => None,
            }
        });
        if let Some(done) = done {
            // Nobody awaits it any more.
            let _ = tell.send(done);
        }
    })?;
    told.await.context("the load's thread has died")?
}

fn drive<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    LocalSet::new().block_on(runtime, work)
}

async fn load(
    endpoint: Endpoint,
    connections: usize,
    plan: Plan,
    request: impl Fn(usize, u64) -> Bytes + 'static,
) -> anyhow::Result<Loaded> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(connect(endpoint.address).await?);
    }
    let tally = RefCell::new(Tally::new(plan, endpoint.keep_bodies));
    let load = Rc::new(Load { plan, began: Instant::now(), next: Cell::new(0), tally, request });
    let mut running = JoinSet::new();
    for (connection, stream) in streams.into_iter().enumerate() {
        let load = Rc::clone(&load);
        running.spawn_local(async move {
            let ended = load.requests(connection, stream).await;
            ended.with_context(|| format!("connection {connection} to {}", endpoint.address))
        });
    }
    let deadline = load.began + plan.deadline();
    while let Some(ended) =
        timeout_at(deadline.into(), running.join_next()).await.map_err(|_| {
            anyhow!("{} still awaits answers long after the load ended", endpoint.address)
        })?
    {
        ended??;
    }
    let load = Rc::into_inner(load).context("a connection is still held")?;
    Ok(load.tally.into_inner().done(plan))
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl<R: Fn(usize, u64) -> Bytes> Load<R> {
    async fn requests(&self, connection: usize, mut stream: TcpStream) -> anyhow::Result<()> {
        let (alarm, mut buffer) = (Alarm::new()?, BytesMut::with_capacity(BUFFER));
        loop {
            let number = self.next.get();
            let Some(due) = self.plan.due(number, self.began.elapsed()) else { return Ok(()) };
            self.next.set(number + 1);
            let request = (self.request)(connection, number);
            alarm.until(self.began + due).await?;
            stream.write_all(&request).await.context("sending a request")?;
            let wants_body = |status| self.tally.borrow().wants_body(status);
            let answer = read(&mut stream, &mut buffer, wants_body).await?;
            self.tally.borrow_mut().count(due, self.began.elapsed(), answer);
        }
    }
}
