//! An HTTP request to a port of this machine, to check whether a server answers. A client library
//! would be most of the launcher's build.

use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest answer that is read; all that are expected are shorter.
const LONGEST: u64 = 1 << 20;

/// Returns the status of the answer to `GET path`, with HTTP Basic credentials if there are any;
/// `None` if there is no answer, or it is not HTTP.
pub(crate) async fn status(port: u16, path: &str, login: Option<(&str, &str)>) -> Option<u16> {
    timeout(Duration::from_secs(5), ask(port, path, login)).await.ok()?
}

async fn ask(port: u16, path: &str, login: Option<(&str, &str)>) -> Option<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
    let login = login.map_or_else(String::new, |(user, password)| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
    });
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{login}\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // To its end, so that the server does not see us break off.
    stream.take(LONGEST).read_to_end(&mut answer).await.ok()?;
    parse(answer.get(..12)?)
}

/// Returns the status in the first twelve bytes of an answer, `HTTP/1.1 200`.
fn parse(start: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(start).ok()?;
    let (version, status) = line.split_once(' ')?;
    version.starts_with("HTTP/1.").then(|| status.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_and_nonsense_is_none() {
        assert_eq!(parse(b"HTTP/1.1 503"), Some(503));
        assert_eq!(parse(b"HTTP/1.0 200"), Some(200));
        assert_eq!(parse(b"220 mail.ser"), None);
        assert_eq!(parse(b"HTTP/1.1 abc"), None);
    }
}
