//! The limits of one caller, over TCP as a bad caller would use it: nothing holds a connection for
//! longer than the limits, and nobody else is harmed.

mod answers;
mod bodies;
mod connections;
mod heads;
mod rates;

use std::io;
use std::time::Duration;

use service_kit::application::ServiceSettings;
use test_kit::{TestService, notes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// The time of each limit that `short` sets.
const LIMIT: Duration = Duration::from_secs(1);

/// The least time until a limit ends something: actix looks at a clock that ticks twice a second.
const LEAST: Duration = Duration::from_millis(400);

/// The longest time that anything can hold a connection with these limits: three times the limit;
/// the rest is for a busy machine.
const HELD: Duration = Duration::from_secs(10);

/// The timeout of a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// A complete request that needs nothing.
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn short(settings: &mut ServiceSettings) {
    settings.limits.header_timeout = LIMIT;
    settings.limits.body_timeout = LIMIT;
    settings.limits.keep_alive = LIMIT;
}

async fn hurried() -> TestService {
    TestService::start_with("notes", notes(), short).await
}

/// The path of a missing resource, of this length; the answer repeats it.
fn nothing(length: usize) -> String {
    format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(length))
}

/// A connection on which any bytes can be sent.
struct Wire {
    stream: TcpStream,
    since: Instant,
}

impl Wire {
    async fn to(service: &TestService) -> Self {
        let address = format!("127.0.0.1:{}", service.client.port());
        Self { stream: TcpStream::connect(address).await.unwrap(), since: Instant::now() }
    }

    /// Opens a connection with a small receive buffer.
    async fn narrow(service: &TestService) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let address = format!("127.0.0.1:{}", service.client.port()).parse().unwrap();
        Self { stream: socket.connect(address).await.unwrap(), since: Instant::now() }
    }

    async fn send(&mut self, text: &str) {
        self.since = Instant::now();
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends `piece` again and again until the service reads no more; returns the number of bytes.
    async fn pour(&mut self, piece: &str) -> usize {
        let mut poured = 0;
        let pouring = async {
            while self.stream.write_all(piece.as_bytes()).await.is_ok() {
                poured += piece.len();
            }
        };
        timeout(PATIENCE, pouring).await.expect("the service takes no more");
        poured
    }

    /// Reads the next answer, with a body of the announced length.
    async fn answer(&mut self) -> String {
        let reading = async {
            let mut answer = Vec::new();
            while !is_whole(&answer) {
                let byte = self.stream.read_u8().await;
                answer.push(byte.expect("the rest of the answer"));
            }
            String::from_utf8(answer).unwrap()
        };
        timeout(PATIENCE, reading).await.expect("the service answers")
    }

    /// Reads until the service closes the connection; returns what came, and after what time it
    /// ended.
    async fn end(&mut self) -> (String, Duration) {
        let mut came = Vec::new();
        let ended = timeout(PATIENCE, self.stream.read_to_end(&mut came)).await;
        let ended: io::Result<_> = ended.expect("the service closes the connection");
        // Closed, or cut off.
        drop(ended);
        (String::from_utf8_lossy(&came).into_owned(), self.since.elapsed())
    }

    /// Checks that the service closes the connection in time.
    async fn assert_let_go(&mut self, least: Duration) -> String {
        let (came, held) = self.end().await;
        assert!((least..HELD).contains(&held), "held for {held:?}: {came}");
        came
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").map(|length| length.parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}
