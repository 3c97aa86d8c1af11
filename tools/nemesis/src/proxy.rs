//! A TCP proxy on one link, which can be told to make trouble.

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

use super::fault::Trouble;

mod http;
mod weather;

pub use weather::Reset;
use weather::{Answers, Weather};

/// By how much everything is late on a slow link.
const DELAY: Duration = Duration::from_millis(300);

/// The proxy to which one part connects instead of the other.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    trouble: watch::Sender<Option<Trouble>>,
    reset: watch::Sender<Reset>,
    accepted: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// A proxy for what listens, or will, on that port of this machine.
    pub async fn start(upstream: u16) -> Result<Self> {
        let port = launcher::ports::free()?;
        let listener = listen(port).await.context("a proxy cannot listen")?;
        let (trouble, watched) = watch::channel(None);
        let (reset, told) = watch::channel(Reset::AtOnce);
        let weather = Weather::new(watched, told);
        let accepted = Arc::default();
        let serving = serve(listener, port, upstream, weather, Arc::clone(&accepted));
        let serving = tokio::spawn(serving);
        Ok(Self { port, trouble, reset, accepted, serving })
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

    /// Makes this trouble from now on, or none.
    pub fn set(&self, trouble: Option<Trouble>) {
        self.trouble.send_replace(trouble);
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
    weather: Weather,
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
            () = accept(&listener, upstream, &weather, &accepted) => {}
            () = weather.becomes(|now| now == Some(Trouble::Cut)) => {}
        }
        drop(listener);
        weather.becomes(|now| now != Some(Trouble::Cut)).await;
    }
}

/// Accepts until that fails.
async fn accept(listener: &TcpListener, upstream: u16, weather: &Weather, accepted: &AtomicU64) {
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(carry(client, upstream, weather.clone()));
    }
}

/// Carries one connection to its end. It is reset where the link is cut, and where HTTP is
/// beginning or ceasing to be meddled with.
async fn carry(mut client: TcpStream, upstream: u16, weather: Weather) {
    let (reset, answers) = (weather.reset(), Answers::new(&weather));
    let meddled = weather.now().filter(|trouble| trouble.is_http());
    let severed = weather.becomes(|now| {
        now == Some(Trouble::Cut) || now.filter(|trouble| trouble.is_http()) != meddled
    });
    let carried = async {
        match meddled {
            Some(trouble) => http::serve(&mut client, upstream, trouble).await,
            None => pipe(&mut client, upstream, &weather, answers).await,
        }
    };
    let ended = tokio::select! {
        ended = carried => ended.is_ok(),
        () = severed => false,
        () = reset => false,
    };
    if !ended {
        // Not a goodbye.
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
    weather: &Weather,
    mut answers: Answers,
) -> io::Result<()> {
    weather.becomes(gets_through).await;
    client.set_nodelay(true)?;
    let mut server = connect(upstream).await?;
    server.set_zero_linger()?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = pump(from_client, to_server, weather, || Ok(()));
    let back = pump(from_server, to_client, weather, || answers.next());
    tokio::try_join!(there, back)?;
    Ok(())
}

fn gets_through(trouble: Option<Trouble>) -> bool {
    trouble != Some(Trouble::BlackHole)
}

/// What is under way when a black hole opens is held back, as a network would that sends it again.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    weather: &Weather,
    mut passes: impl FnMut() -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        weather.becomes(gets_through).await;
        let count = from.read(&mut buffer).await?;
        weather.becomes(gets_through).await;
        if weather.now() == Some(Trouble::Slow) {
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
