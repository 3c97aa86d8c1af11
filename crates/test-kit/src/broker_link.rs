//! A proxy to RabbitMQ on which deletions of queues hang or fail. It reads what the client sends frame by
//! frame, so the link must not be encrypted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
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

/// `connection.close` by RabbitMQ, with the code 541 and a text: a process of its own did not answer.
const INTERNAL_ERROR: &[u8] =
    b"\x01\0\0\0\0\0\x19\0\x0a\0\x32\x02\x1d\x0eINTERNAL_ERROR\0\x32\0\x28\xce";

/// The fate of a queue's deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// RabbitMQ does not hear of it.
    Hangs,
    /// RabbitMQ says that it failed, and closes the connection.
    Fails,
}

/// A proxy between a program and RabbitMQ.
#[derive(Debug)]
pub struct BrokerLink {
    url: Url,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The queues that cannot be deleted.
    kept: Mutex<HashMap<String, Fate>>,
    /// The number of deletions that were not passed on.
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
        self.state.kept.lock().unwrap().insert(queue.to_owned(), Fate::Hangs);
    }

    /// From now on, deletions of this queue fail.
    pub fn fail_to_delete(&self, queue: &str) {
        self.state.kept.lock().unwrap().insert(queue.to_owned(), Fate::Fails);
    }

    /// From now on, every deletion is passed on. One that hangs is not.
    pub fn keep_nothing(&self) {
        self.state.kept.lock().unwrap().clear();
    }

    /// Returns the number of deletions that failed, or hang, or did until the client gave up.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        self.state.swallowed.load(Ordering::Relaxed)
    }

    /// Waits until so many deletions hang, or did, or failed.
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
    /// Returns what becomes of a frame, if it deletes a queue that is kept.
    fn fate(&self, frame: &[u8]) -> Option<Fate> {
        let payload = frame.get(HEADER..).filter(|_| frame[0] == METHOD)?;
        let [length, name @ ..] = payload.strip_prefix(&QUEUE_DELETE)? else { return None };
        let name = str::from_utf8(&name[..usize::from(*length)]).unwrap();
        self.kept.lock().unwrap().get(name).copied()
    }
}

async fn carry(client: TcpStream, server: TcpStream, state: Arc<State>) {
    // Frames are small, and must not wait for each other.
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let ((sent, mut to_client), (mut answered, to_server)) =
        (client.into_split(), server.into_split());
    // Whichever side hangs up, the connection ends.
    let passed = tokio::select! {
        passed = pass_on(sent, to_server, &state) => passed,
        _ = copy(&mut answered, &mut to_client) => return,
    };
    if let Ok(mut client) = passed {
        to_client.write_all(INTERNAL_ERROR).await.unwrap();
        // Until the client has hung up.
        let _ = copy(&mut client, &mut sink()).await;
    }
}

/// Passes on what the client sends, except what hangs. Returns the client whose deletion fails.
async fn pass_on(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    state: &State,
) -> std::io::Result<OwnedReadHalf> {
    let mut frame = vec![0; PROTOCOL];
    client.read_exact(&mut frame).await?;
    loop {
        let fate = state.fate(&frame);
        match fate {
            Some(_) => drop(state.swallowed.fetch_add(1, Ordering::Relaxed)),
            None => server.write_all(&frame).await?,
        }
        if fate == Some(Fate::Fails) {
            return Ok(client);
        }
        frame.resize(HEADER, 0);
        client.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
        frame.resize(HEADER + usize::try_from(length).unwrap() + 1, 0);
        client.read_exact(&mut frame[HEADER..]).await?;
    }
}
