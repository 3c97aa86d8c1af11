//! The address that a request comes from. A client may claim any; only an entry that a proxy of our
//! own has added is trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Proxies;

/// Returns the client's address: the `peer` of the connection or, if that is a trusted proxy, the
/// last address in `forwarded` (the values of `X-Forwarded-For`, in their order) that is not one.
/// Earlier entries may be forged. An entry that cannot be parsed ends the search: then the last
/// known proxy is returned.
pub(super) fn sender<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    proxies: &Proxies,
) -> IpAddr {
    let mut sender = peer.to_canonical();
    for entry in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        match parse(entry.trim()) {
            Some(address) if proxies.has(sender) => sender = address,
            Some(_) | None => break,
        }
    }
    sender
}

/// Parses `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    address.or_else(with_port).map(|address| address.to_canonical())
}

/// Returns the rate key of an address: with IPv6, the /64 network, since one host has 2^64
/// addresses.
pub(super) fn rate_key(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The rate key that all addresses share for which there is no room.
pub(super) const SHARED_KEY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str]) -> String {
        let proxies = "10.0.0.0/8, 192.0.2.1, 2001:db8:1::/48".to_owned();
        let proxies = Proxies::try_from(proxies).unwrap();
        let peer = peer.parse().unwrap();
        sender(peer, forwarded.iter().copied(), &proxies).to_string()
    }

    #[test]
    fn only_what_a_trusted_proxy_says_is_believed() {
        let cases: [(&str, &[&str], &str); 10] = [
            ("198.51.100.7", &[], "198.51.100.7"),
            // Made up by the caller.
            ("198.51.100.7", &["203.0.113.9"], "198.51.100.7"),
            ("198.51.100.7", &["10.0.0.1"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 10.9.9.9, 203.0.113.9"], "203.0.113.9"),
            // Through two proxies; a header may stand several times.
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 192.0.2.1"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9", "192.0.2.1"], "203.0.113.9"),
            // From one of the proxies itself.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
            ("192.0.2.2", &["203.0.113.9"], "192.0.2.2"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(of(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_address_may_have_a_port_and_brackets_and_garbage_is_none() {
        let cases = [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("  203.0.113.9  ", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, 2001:db8:1::1", "203.0.113.9"),
            // The proxy is all that is known.
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("203.0.113.9,", "10.0.0.1"),
            ("203.0.113.9, _hidden", "10.0.0.1"),
            ("203.0.113.9, 192.0.2.1, [::1", "10.0.0.1"),
            ("[203.0.113.9", "10.0.0.1"),
            ("203.0.113.9:many", "10.0.0.1"),
            ("203.0.113.999", "10.0.0.1"),
            ("unknown, 192.0.2.1", "192.0.2.1"),
        ];
        for (entry, expected) in cases {
            assert_eq!(of("10.0.0.1", &[entry]), expected, "{entry}");
            // A proxy that listens on IPv6 as well sees IPv4 like this.
            assert_eq!(of("::ffff:10.0.0.1", &[entry]), expected, "{entry}");
        }
    }

    #[test]
    fn a_network_of_ipv6_has_one_rate_key() {
        let of = |address: &str| rate_key(address.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:0:1::1"), "2001:db8:0:1::");
        assert_eq!(of("2001:db8:0:1:ffff:ffff:ffff:ffff"), "2001:db8:0:1::");
        assert_eq!(of("2001:db8:0:2::1"), "2001:db8:0:2::");
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
    }
}
