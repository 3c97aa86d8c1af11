//! A proxy to RabbitMQ on which deletions of queues hang. It reads what the client sends frame by
//! frame, so the link must not be encrypted.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// The length of what a client sends before its first frame.
const PROTOCOL: usize = 8;

/// The length of a frame's header: type, channel, size.
const HEADER: usize = 7;

/// The beginning of a frame with a method: its type.
const METHOD: u8 = 1;

/// The class and the method of `queue.delete`, and a field that is not used.
const QUEUE_DELETE: [u8; 6] = [0, 50, 0, 40, 0, 0];

/// A proxy between a program and RabbitMQ.
#[derive(Debug)]
pub struct BrokerLink {
    url: Url,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The queues whose deletions hang.
    kept: Mutex<HashSet<String>>,
    /// The number of deletions that were swallowed.
    swallowed: AtomicUsize,
}

impl BrokerLink {
    /// Starts a proxy to the server of this URL.
    pub async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = Url::parse(url).unwrap();
        let upstream = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let state = Arc::<State>::default();
        let carried = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            // Connections end with the proxy.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                connections.spawn(carry(client, server, Arc::clone(&carried)));
            }
        });
        Self { url, state, serving }
    }

    /// Returns the URL for a program that uses the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// From now on, deletions of this queue hang: RabbitMQ does not hear of them.
    pub fn keep(&self, queue: &str) {
        self.state.kept.lock().unwrap().insert(queue.to_owned());
    }

    /// From now on, every deletion is passed on. One that hangs is not.
    pub fn keep_nothing(&self) {
        self.state.kept.lock().unwrap().clear();
    }

    /// Returns the number of deletions that hang, or did until the client gave up.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        self.state.swallowed.load(Ordering::Relaxed)
    }

    /// Waits until so many deletions hang, or did.
    pub async fn has_swallowed(&self, count: usize) {
        let enough = async || (self.swallowed() >= count).then_some(());
        super::eventually(&format!("{count} deletions hang"), enough).await;
    }
}

impl Drop for BrokerLink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    /// Returns whether a frame is lost: whether it deletes a queue that is kept.
    fn swallows(&self, frame: &[u8]) -> bool {
        let Some(payload) = frame.get(HEADER..).filter(|_| frame[0] == METHOD) else {
            return false;
        };
        let Some([length, name @ ..]) = payload.strip_prefix(&QUEUE_DELETE) else { return false };
        let name = str::from_utf8(&name[..usize::from(*length)]).unwrap();
        self.kept.lock().unwrap().contains(name)
    }
}

async fn carry(client: TcpStream, server: TcpStream, state: Arc<State>) {
    // Frames are small, and must not wait for each other.
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let ((sent, mut to_client), (mut answered, to_server)) =
        (client.into_split(), server.into_split());
    // Whichever side hangs up, the connection ends.
    tokio::select! {
        _ = pass_on(sent, to_server, &state) => {}
        _ = copy(&mut answered, &mut to_client) => {}
    }
}

/// Passes on what the client sends, except what is swallowed.
async fn pass_on(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    state: &State,
) -> std::io::Result<()> {
    let mut frame = vec![0; PROTOCOL];
    client.read_exact(&mut frame).await?;
    loop {
        match state.swallows(&frame) {
            true => drop(state.swallowed.fetch_add(1, Ordering::Relaxed)),
            false => server.write_all(&frame).await?,
        }
        frame.resize(HEADER, 0);
        client.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
        frame.resize(HEADER + usize::try_from(length).unwrap() + 1, 0);
        client.read_exact(&mut frame[HEADER..]).await?;
    }
}
