//! The URL of a side's REST API.

use program_kit::tls::{CaFile, Check, Tls};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The HTTP versions offered in the TLS handshake (ALPN).
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// The base URL of a side. It may hold a password, so it is never printed.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct SideUrl(SecretString);

impl SideUrl {
    /// Returns the URL with a path that ends with a slash, to which paths can be appended.
    pub(crate) fn base(&self) -> Result<Url, String> {
        base(self.0.expose_secret())
    }

    /// Returns the TLS configuration, if the URL asks for TLS.
    pub(super) fn tls(&self, ca: Option<&CaFile>) -> Result<Option<Tls>, String> {
        match (self.base()?.scheme(), ca) {
            ("https", ca) => Tls::new(ca, Check::Name).map(|tls| Some(tls.speaking(&PROTOCOLS))),
            (_, None) => Ok(None),
            (_, Some(_)) => {
                Err("a side has a ca, but its url does not begin with https://, so the ca \
                                 would not be used; change the url, or remove the ca"
                    .to_owned())
            }
        }
    }
}

impl TryFrom<String> for SideUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        base(&url).map(|_| Self(url.into()))
    }
}

/// Parses the URL to which paths are appended. The message never repeats it.
fn base(url: &str) -> Result<Url, String> {
    let invalid = || "store.url and warehouse.url must be URLs such as http://host:8001".to_owned();
    let base = format!("{}/", url.trim_end_matches('/'));
    let base = Url::parse(&base).map_err(|_| invalid())?;
    let plain = base.query().is_none() && base.fragment().is_none() && base.has_host();
    match base.scheme() {
        "http" | "https" if plain => Ok(base),
        _ => Err(invalid()),
    }
}

/// Appends a path, for example `v1/sync/orders`, to a base URL.
pub(crate) fn append(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&[base.path(), path].concat());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_appended_to_what_the_url_names() {
        let cases = [
            ("http://127.0.0.1:8001", "http://127.0.0.1:8001/v1/sync/orders"),
            ("http://127.0.0.1:8001/", "http://127.0.0.1:8001/v1/sync/orders"),
            ("https://store:8443", "https://store:8443/v1/sync/orders"),
            ("http://me:secret@store/api", "http://me:secret@store/api/v1/sync/orders"),
        ];
        for (url, full) in cases {
            let base = SideUrl::try_from(url.to_owned()).unwrap().base().unwrap();
            assert_eq!(append(&base, "v1/sync/orders").as_str(), full);
        }
    }

    #[test]
    fn what_is_no_url_of_a_side_is_refused_without_repeating_it() {
        let cases = [
            "",
            "hunter2",
            "/hunter2",
            "ftp://hunter2",
            "http://",
            "http://host?hunter2",
            "https://host?hunter2",
        ];
        for url in cases {
            let refusal = SideUrl::try_from(url.to_owned()).unwrap_err();
            assert!(!refusal.contains("hunter2") && refusal.contains("store.url"), "{refusal}");
        }
    }

    #[test]
    fn a_url_does_not_show_itself() {
        let url = SideUrl::try_from("http://me:hunter2@store".to_owned()).unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
