//! Checking that a request was meant for this machine. Without tokens, a page of another side in a
//! browser on this machine must not have its user's permissions: neither by a name that suddenly
//! resolves to this machine (DNS rebinding), nor by a form that posts here.

use std::net::IpAddr;

/// Returns whether the host that a request names, and the page that sent it, are of this machine. A
/// client other than a browser sends no `Origin`.
pub(super) fn is_local(host: Option<&str>, origin: Option<&str>) -> bool {
    host.is_none_or(is_this_machine)
        && origin.is_none_or(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(is_this_machine)
        })
}

/// Matches `localhost:8001`, `127.0.0.1`, `[::1]:8001`.
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = |address: IpAddr| address.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8001", "127.0.0.1:8001", "127.9.9.9", "[::1]:8001"] {
            assert!(is_local(Some(host), None), "{host}");
            assert!(is_local(None, Some(&format!("http://{host}"))), "{host}");
        }
        for host in ["", "shop.example:8001", "192.0.2.1", "[2001:db8::1]:1", "localhost.example"] {
            assert!(!is_local(Some(host), None), "{host}");
            assert!(!is_local(Some("localhost"), Some(&format!("http://{host}"))), "{host}");
        }
        assert!(!is_local(None, Some("null")));
        assert!(is_local(None, None));
    }
}
