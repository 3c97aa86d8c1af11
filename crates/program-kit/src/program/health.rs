//! The subcommand `health`: asks the program that runs here, found by its own settings, whether it
//! is ready. A container's health check then needs no other client.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Command};
use serde::Deserialize;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Program;
use crate::http::HttpSettings;

/// The subcommand's name.
const NAME: &str = "health";

/// The timeout of the answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The most bytes of an answer that are read.
const MAX_RESPONSE: u64 = 64 * 1024;

/// The settings that the probe needs; the other sections need not be given.
#[derive(Debug, Deserialize)]
struct ProbeSettings {
    http: HttpSettings,
}

/// The reason why the program is not known to be ready.
#[derive(Debug, Error)]
enum NotReady {
    #[error("http.port is 0 (any free port), so the port to ask is unknown; set http.port")]
    UnknownPort,
    #[error("cannot reach {0}: {1}")]
    Unreachable(SocketAddr, io::Error),
    #[error("{0} did not answer within {TIMEOUT:?}")]
    Late(SocketAddr),
    #[error("expected an HTTP response from {0}; found something else")]
    NotHttp(SocketAddr),
    #[error("not ready: status {0}, {1}")]
    Status(u16, String),
}

/// The subcommand, for the command line of every program.
pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Check whether the program on this machine is ready; exit with 0 if it is, else 1")
}

/// Runs the subcommand and returns its result, if the command line names it.
pub(super) async fn run(program: &Program, matches: &ArgMatches) -> Option<ExitCode> {
    matches.subcommand_matches(NAME)?;
    Some(match ready(program, matches).await {
        Ok(()) => {
            println!("{} is ready", program.name);
            ExitCode::SUCCESS
        }
        Err(reason) => program.fail(reason),
    })
}

async fn ready(program: &Program, matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let ProbeSettings { http } = program.settings(matches)?;
    let address = address(&http)?;
    let answer = timeout(TIMEOUT, ask(address)).await.map_err(|_| NotReady::Late(address))?;
    let answer = answer.map_err(|error| NotReady::Unreachable(address, error))?;
    Ok(parse_response(&answer).unwrap_or(Err(NotReady::NotHttp(address)))?)
}

/// Returns the address to connect to: loopback, if the program listens on every address.
fn address(http: &HttpSettings) -> Result<SocketAddr, NotReady> {
    let host = match http.host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host @ (IpAddr::V4(_) | IpAddr::V6(_)) => host,
    };
    match http.port {
        0 => Err(NotReady::UnknownPort),
        port => Ok((host, port).into()),
    }
}

async fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_RESPONSE).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Interprets an answer; returns `None` if it is not HTTP.
fn parse_response(answer: &[u8]) -> Option<Result<(), NotReady>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(answer).ok()? else { return None };
    Some(match head.code? {
        200 => Ok(()),
        status => {
            let body = String::from_utf8_lossy(answer.get(length..)?).trim().replace('\n', " ");
            Err(NotReady::Status(status, body))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(answer: &[u8]) -> String {
        match parse_response(answer) {
            Some(Ok(())) => "ready".into(),
            Some(Err(reason)) => reason.to_string(),
            None => "nonsense".into(),
        }
    }

    #[test]
    fn only_200_is_ready_and_what_stands_in_its_way_is_told() {
        assert_eq!(judged(b"HTTP/1.1 200 OK\r\n\r\n{}"), "ready");
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\r\n{\"a\":\n1}\n";
        assert_eq!(judged(answer), "not ready: status 503, {\"a\": 1}");
        assert_eq!(judged(b"HTTP/1.1 200 OK\r\n"), "nonsense");
        assert_eq!(judged(b"220 mail.server ready\r\n\r\n"), "nonsense");
    }
}
