//! `[limits]`: the limits of callers.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::settings::non_zero_time;

/// `[limits]`: the limits of callers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSettings {
    /// The most open connections, in the whole program.
    pub connections: NonZeroUsize,
    /// The time within which the head of a request must arrive.
    #[serde(deserialize_with = "non_zero_time")]
    pub header_timeout: Duration,
    /// The time within which its body must arrive.
    #[serde(deserialize_with = "non_zero_time")]
    pub body_timeout: Duration,
    /// The time for which a connection is kept after an answer.
    #[serde(deserialize_with = "non_zero_time")]
    pub keep_alive: Duration,
    /// The requests a second of each principal.
    pub principal_rate: NonZeroU32,
    /// The most of them at once.
    pub principal_burst: NonZeroU32,
    /// The requests a second of each address without a known token.
    pub address_rate: NonZeroU32,
    /// The most of them at once.
    pub address_burst: NonZeroU32,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Proxies,
}

impl LimitsSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("limits.toml");
}

/// The trusted proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Returns whether this is the address of a trusted proxy.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Parses `192.0.2.1, 10.0.0.0/8`.
impl TryFrom<String> for Proxies {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        entries.map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn network(entry: &str) -> Result<IpNet, String> {
    let address = entry.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| entry.parse::<IpNet>()).map_err(|_| {
        format!(
            "limits.trusted_proxies: expected addresses or networks such as 10.0.0.0/8; \
             found {entry:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(text: &str) -> Result<Proxies, String> {
        Proxies::try_from(text.to_owned())
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let some = proxies("192.0.2.1, 10.0.0.0/8,2001:db8::/32").unwrap();
        for address in ["192.0.2.1", "10.255.0.1", "2001:db8::1"] {
            assert!(some.has(address.parse().unwrap()), "{address}");
        }
        for address in ["192.0.2.2", "11.0.0.1", "2001:db9::1"] {
            assert!(!some.has(address.parse().unwrap()), "{address}");
        }
        assert_eq!(proxies(" "), Ok(Proxies::default()));
        for wrong in ["proxy", "10.0.0.0/33", "192.0.2.1,", "192.0.2.1 10.0.0.1", "*"] {
            assert!(proxies(wrong).is_err(), "{wrong}");
        }
    }
}
