//! The TCP ports of the servers. All are on 127.0.0.1.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};

/// The first port to try. It is below the range from which Linux takes ports for outgoing
/// connections, so that none of those takes a port between our choosing it and the server's binding
/// it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// The ports that this process has claimed, until it ends: its server may not have bound the port
/// yet, or may be about to start again.
static CLAIMED: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// Claims and returns a port on which nothing listens and that nobody has claimed.
pub fn free() -> Result<u16> {
    for _ in 0..1_000 {
        let random = uuid::Uuid::new_v4().as_u128() % u128::from(COUNT);
        let port = FIRST + u16::try_from(random)?;
        if claim(port) {
            return Ok(port);
        }
    }
    bail!("no free TCP port on 127.0.0.1 from {FIRST} on; stop something that listens there")
}

/// Claims a port that is free, so that no other launcher or test on this machine takes it before
/// our server has bound it. The claim is an abstract socket name, which ends with the process.
#[must_use]
pub fn claim(port: u16) -> bool {
    let name = SocketAddr::from_abstract_name(format!("lockstep-port-{port}"));
    match name.and_then(|name| UnixListener::bind_addr(&name)) {
        Ok(claimed) if is_free(port) => {
            CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).push(claimed);
            true
        }
        Ok(_) | Err(_) => false,
    }
}

/// Returns whether the port can be bound, and nothing answers there. (A listener on 0.0.0.0 with
/// `SO_REUSEADDR` lets one bind 127.0.0.1 beside it on some systems.)
#[must_use]
pub fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpListener::bind(address).is_ok()
        && TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err()
}

/// The choice of a port, and whether it is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The default.
    Default(u16),
    /// The port of the last start: the default is taken, and this one is free.
    Last(u16),
    /// Any free port: the default is taken, and there is none from the last start.
    Any,
}

/// Returns the default if it is free, else the port of the last start, else any.
pub fn choose(default: u16, last: Option<u16>, claim: impl Fn(u16) -> bool) -> Choice {
    if claim(default) {
        return Choice::Default(default);
    }
    match last.filter(|port| *port != default && claim(*port)) {
        Some(port) => Choice::Last(port),
        None => Choice::Any,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_default_goes_first_then_the_last_then_any() {
        assert_eq!(choose(80, Some(90), |_| true), Choice::Default(80));
        assert_eq!(choose(80, Some(90), |port| port != 80), Choice::Last(90));
        assert_eq!(choose(80, Some(90), |_| false), Choice::Any);
        assert_eq!(choose(80, Some(80), |_| false), Choice::Any);
        assert_eq!(choose(80, None, |port| port != 80), Choice::Any);
    }

    #[test]
    fn a_port_that_is_listened_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }

    #[test]
    fn a_port_is_claimed_by_one() {
        let port = free().unwrap();
        assert!(!claim(port), "whoever comes second finds it taken");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!claim(listener.local_addr().unwrap().port()));
    }

    #[test]
    fn one_port_is_not_given_twice() {
        let given: BTreeSet<u16> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(given.len(), 50);
    }
}
