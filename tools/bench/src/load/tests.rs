//! Load on a little server that stalls, refuses and breaks off as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const STALL: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_millis(300);

/// The behaviour at a request, by its number.
#[derive(Clone, Copy)]
enum Behaviour {
    Answer(u16),
    /// Holds up itself and every other request.
    Stall,
    BreakOff,
}

struct Server {
    endpoint: Endpoint,
    /// The number of requests so far.
    asked: Arc<AtomicU64>,
    open: Arc<AtomicU64>,
}

impl Server {
    async fn start(behaviour: fn(u64) -> Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(listener.local_addr().unwrap());
        let (asked, open) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let server = Self { endpoint, asked: asked.clone(), open: open.clone() };
        let all = Arc::<Mutex<()>>::default();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, open, all) = (asked.clone(), open.clone(), all.clone());
                tokio::spawn(async move {
                    open.fetch_add(1, Ordering::SeqCst);
                    serve(stream, &asked, &all, behaviour).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Says back how it was asked.
async fn serve(
    mut stream: TcpStream,
    asked: &AtomicU64,
    all: &Mutex<()>,
    behaviour: fn(u64) -> Behaviour,
) {
    let mut request = [0; 256];
    while let Ok(read @ 1..) = stream.read(&mut request).await {
        let _mine = all.lock().await;
        let status = match behaviour(asked.fetch_add(1, Ordering::SeqCst)) {
            Behaviour::Answer(status) => status,
            Behaviour::Stall => {
                sleep(STALL).await;
                200
            }
            Behaviour::BreakOff => return,
        };
        let path = str::from_utf8(&request[..read]).unwrap().split(' ').nth(1).unwrap();
        let head = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n", path.len());
        stream.write_all((head + path).as_bytes()).await.unwrap();
    }
}

fn request(connection: usize, number: u64) -> Bytes {
    format!("GET /{connection}/{number} HTTP/1.1\r\nhost: here\r\n\r\n").into()
}

fn always(_: u64) -> Behaviour {
    Behaviour::Answer(200)
}

/// The number of requests that took longer.
fn longer_than(millis: u64, loaded: &Loaded) -> u64 {
    let above = loaded.latencies.count_between(millis * 1_000, u64::MAX);
    assert_eq!(loaded.latencies.len(), loaded.answered);
    above
}

#[tokio::test]
async fn a_stall_is_seen_by_all_that_were_due_meanwhile() {
    let stalls = |number| if number == 300 { Behaviour::Stall } else { Behaviour::Answer(200) };
    let server = Server::start(stalls).await;
    let lasts = Duration::from_secs(1);
    let loaded = at_rate(&server.endpoint, 2, 1_000.0, lasts, request).await.unwrap();
    assert_eq!((loaded.answered, server.asked()), (1_000, 1_000));
    // One was due each millisecond; who counts from sending sees only one a connection.
    let (slow, slower) = (longer_than(50, &loaded), longer_than(150, &loaded));
    assert!((130..=400).contains(&slow), "{slow} took longer than 50 ms");
    assert!((40..=250).contains(&slower), "{slower} took longer than 150 ms");
    assert!(loaded.latencies.max() >= 200_000, "{}", loaded.latencies.max());
}

#[tokio::test]
async fn a_load_by_the_clock_sends_every_request_once_and_not_before_it_is_due() {
    let server = Server::start(always).await;
    let endpoint = server.endpoint.keeping_bodies();
    let (lasts, began) = (SOON, Instant::now());
    let loaded = at_rate(&endpoint, 4, 500.0, lasts, request).await.unwrap();
    // The last is due one 500th before the end.
    assert!(began.elapsed() >= lasts - Duration::from_millis(2));
    assert!(loaded.took >= lasts - Duration::from_millis(2) && loaded.took <= began.elapsed());
    let number = |body: &Bytes| -> u64 {
        let path = str::from_utf8(body).unwrap();
        path.rsplit('/').next().unwrap().parse().unwrap()
    };
    let mut numbers: Vec<_> = loaded.bodies.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..150).collect::<Vec<_>>());
}

#[tokio::test]
async fn flat_out_counts_each_answer_once_and_none_of_the_warm_up() {
    let server = Server::start(always).await;
    let endpoint = server.endpoint.keeping_bodies();
    let loaded = flat_out(&endpoint, 3, SOON, SOON, request).await.unwrap().accepted().unwrap();
    let all = server.asked();
    assert_eq!((loaded.with_status(200), loaded.bodies.len() as u64), (all, all));
    assert_eq!(loaded.latencies.len(), loaded.answered);
    assert_eq!(loaded.each_second.iter().sum::<u64>(), loaded.answered);
    assert!(loaded.answered > 0 && loaded.answered < all, "{} of {all}", loaded.answered);
    let rate = loaded.answered as f64 / SOON.as_secs_f64();
    assert!((loaded.rate() - rate).abs() < 1e-6);
}

#[tokio::test]
async fn an_answer_that_is_not_2xx_is_counted_by_its_status_and_shown() {
    let refuses = |number| Behaviour::Answer(if number % 10 == 3 { 409 } else { 201 });
    let server = Server::start(refuses).await;
    let lasts = Duration::from_millis(200);
    let loaded = at_rate(&server.endpoint, 1, 500.0, lasts, request).await.unwrap();
    assert_eq!(loaded.statuses, BTreeMap::from([(201, 90), (409, 10)]));
    assert_eq!((loaded.answered, loaded.latencies.len()), (90, 90));
    assert_eq!(loaded.refusal.as_deref(), Some("409 /0/3"));
    let error = loaded.accepted().unwrap_err().to_string();
    assert!(error.contains("409: 10") && error.contains("/0/3"), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_ends_the_load_and_says_which() {
    let breaks = |number| if number == 5 { Behaviour::BreakOff } else { Behaviour::Answer(200) };
    let server = Server::start(breaks).await;
    let broken = flat_out(&server.endpoint, 1, Duration::ZERO, STALL, request).await;
    let error = format!("{:#}", broken.unwrap_err());
    let says = format!("connection 0 to {}: the connection was closed", server.endpoint.address);
    assert!(error.starts_with(&says), "{error}");
}

#[tokio::test]
async fn a_load_on_nobody_is_an_error() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let load = flat_out(&Endpoint::new(unused), 1, SOON, SOON, request).await;
    assert!(format!("{:#}", load.unwrap_err()).starts_with("connecting to 127.0.0.1"));
}

#[tokio::test]
async fn a_load_that_nobody_awaits_any_more_stops() {
    let server = Server::start(always).await;
    let long = Duration::from_secs(600);
    let load = flat_out(&server.endpoint, 2, SOON, long, request);
    timeout(SOON, load).await.unwrap_err();
    assert!(server.asked() > 0);
    let closed = async {
        while server.open.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), closed).await.unwrap();
}
