//! A proxy to RabbitMQ that freezes: it keeps its connections, accepts new ones, and forwards
//! nothing.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A proxy to the real broker that can be frozen.
pub(crate) struct Freezable {
    /// The broker's URL, with the address of the proxy.
    pub(crate) url: String,
    frozen: watch::Sender<bool>,
    forwarding: JoinHandle<()>,
}

impl Freezable {
    /// Starts a proxy to the broker at this URL.
    pub(crate) async fn before(broker: &str) -> Self {
        let (credentials, place) = broker.rsplit_once('@').unwrap();
        let (real, vhost) = place.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let url = format!("{credentials}@{}/{vhost}", listener.local_addr().unwrap());
        let (frozen, seen) = watch::channel(false);
        let forwarding = tokio::spawn(forward(listener, real.to_owned(), seen));
        Self { url, frozen, forwarding }
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

impl Drop for Freezable {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

async fn forward(listener: TcpListener, to: String, frozen: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        let far = TcpStream::connect(&to).await.unwrap();
        let ((near_reads, near_writes), (far_reads, far_writes)) =
            (near.into_split(), far.into_split());
        connections.spawn(pump(near_reads, far_writes, frozen.clone()));
        connections.spawn(pump(far_reads, near_writes, frozen.clone()));
    }
}

/// Forwards bytes as long as the proxy is not frozen.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}
