//! A stand-in for the programs in the tests: it has nothing to migrate, is ready at once, and stops
//! on SIGTERM.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

fn main() {
    if std::env::args().any(|argument| argument == "migrate") {
        return;
    }
    let port = std::env::vars().find(|(name, _)| name.ends_with("__HTTP__PORT"));
    // As a sample source, it is told by an option.
    let option = std::env::args().skip_while(|argument| argument != "--port").nth(1);
    let port = option.or(port.map(|(_, port)| port));
    let port: u16 = port.unwrap_or_default().parse().unwrap_or_default();
    // For the tests, in its log.
    for (name, value) in std::env::vars() {
        println!("{name}={value}");
    }
    let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) else {
        eprintln!("port {port} cannot be had");
        std::process::exit(3);
    };
    for mut stream in listener.incoming().flatten() {
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}
