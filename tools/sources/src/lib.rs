#![doc = include_str!("../README.md")]

pub mod cli;
mod http;
pub mod remote;
pub mod running;
mod server;
pub mod steering;
pub mod upstream;

/// Returns the settings by which a worker uses a sample upstream and a sample remote, at these URLs.
#[must_use]
pub fn worker_settings<'a>(upstream: &'a str, remote: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("UPSTREAM__URL", upstream),
        ("UPSTREAM__USER", "sample"),
        ("UPSTREAM__PASSWORD", "sample"),
        ("MIRROR__URL", remote),
    ]
}
