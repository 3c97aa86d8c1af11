//! A TCP proxy on one link, which can be given a fault.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::fault::LinkFault;

mod http;
mod link_state;

pub use link_state::Reset;
use link_state::{Answers, LinkState};

/// By how much everything is late on a slow link.
const DELAY: Duration = Duration::from_millis(300);

/// The proxy to which one part connects instead of the other.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fault: watch::Sender<Option<LinkFault>>,
    reset: watch::Sender<Reset>,
    accepted: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// A proxy for what listens, or will, on that port of this machine.
    pub async fn start(upstream: u16) -> Result<Self> {
        let port = launcher::ports::free()?;
        let listener = listen(port).await.context("a proxy cannot listen")?;
        let (fault, watched_fault) = watch::channel(None);
        let (reset, watched_reset) = watch::channel(Reset::AtOnce);
        let link = LinkState::new(watched_fault, watched_reset);
        let accepted = Arc::default();
        let serving = serve(listener, port, upstream, link, Arc::clone(&accepted));
        let serving = tokio::spawn(serving);
        Ok(Self { port, fault, reset, accepted, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The number of connections that it has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Sets the fault from now on, or none.
    pub fn set(&self, fault: Option<LinkFault>) {
        self.fault.send_replace(fault);
    }

    /// Resets all connections there are; new ones are taken at once.
    pub fn reset(&self, when: Reset) {
        self.reset.send_replace(when);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// While the link is cut there is no listener, so that whoever connects is refused.
async fn serve(
    listener: TcpListener,
    port: u16,
    upstream: u16,
    link: LinkState,
    accepted: Arc<AtomicU64>,
) {
    let mut listening = Some(listener);
    loop {
        let listener = match listening.take() {
            Some(listener) => listener,
            None => match listen(port).await {
                Ok(listener) => listener,
                Err(_) => {
                    sleep(DELAY).await;
                    continue;
                }
            },
        };
        tokio::select! {
            () = accept(&listener, upstream, &link, &accepted) => {}
            () = link.wait_until(|now| now == Some(LinkFault::Cut)) => {}
        }
        drop(listener);
        link.wait_until(|now| now != Some(LinkFault::Cut)).await;
    }
}

/// Accepts until that fails.
async fn accept(listener: &TcpListener, upstream: u16, link: &LinkState, accepted: &AtomicU64) {
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(carry(client, upstream, link.clone()));
    }
}

/// Carries one connection to its end. It is reset where the link is cut, and where a fault
/// of requests begins or ends.
async fn carry(mut client: TcpStream, upstream: u16, link: LinkState) {
    let (reset, answers) = (link.reset(), Answers::new(&link));
    let http_fault = link.now().filter(|fault| fault.is_http());
    let cut = link.wait_until(|now| {
        now == Some(LinkFault::Cut) || now.filter(|fault| fault.is_http()) != http_fault
    });
    let carried = async {
        match http_fault {
            Some(fault) => http::serve(&mut client, upstream, fault).await,
            None => pipe(&mut client, upstream, &link, answers).await,
        }
    };
    let ended = tokio::select! {
        ended = carried => ended.is_ok(),
        () = cut => false,
        () = reset => false,
    };
    if !ended {
        // So that it is reset, not closed.
        let _ = client.set_zero_linger();
    }
}

async fn connect(upstream: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn pipe(
    client: &mut TcpStream,
    upstream: u16,
    link: &LinkState,
    mut answers: Answers,
) -> io::Result<()> {
    link.wait_until(gets_through).await;
    client.set_nodelay(true)?;
    let mut server = connect(upstream).await?;
    server.set_zero_linger()?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = pump(from_client, to_server, link, || Ok(()));
    let back = pump(from_server, to_client, link, || answers.next());
    tokio::try_join!(there, back)?;
    Ok(())
}

fn gets_through(fault: Option<LinkFault>) -> bool {
    fault != Some(LinkFault::BlackHole)
}

/// What is under way when a black hole opens is held back, as a network would that sends it again.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    link: &LinkState,
    mut passes: impl FnMut() -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        link.wait_until(gets_through).await;
        let count = from.read(&mut buffer).await?;
        link.wait_until(gets_through).await;
        if link.now() == Some(LinkFault::Slow) {
            sleep(DELAY).await;
        }
        if count == 0 {
            return to.shutdown().await;
        }
        passes()?;
        to.write_all(&buffer[..count]).await?;
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
