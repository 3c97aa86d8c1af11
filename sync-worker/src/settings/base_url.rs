//! The base URL of a REST API.

use std::fmt;

use program_kit::tls::{CaFile, Check, Tls};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The HTTP versions offered in the TLS handshake (ALPN).
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

const UNUSED_CA: &str = "ca is set, but url does not begin with https://, so the ca would not be used; \
    change the url, or remove the ca";

/// The base URL of a REST API. It may hold a password, so it is never printed.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(SecretString);

impl BaseUrl {
    /// Returns the URL with a path that ends with a slash, to which paths can be appended.
    pub(crate) fn base(&self) -> Result<Url, String> {
        base(self.0.expose_secret())
    }

    /// Returns the TLS configuration, if the URL asks for TLS.
    pub(super) fn tls(&self, ca: Option<&CaFile>) -> Result<Option<Tls>, String> {
        match (self.base()?.scheme(), ca) {
            ("https", ca) => Tls::new(ca, Check::Name).map(|tls| Some(tls.speaking(&PROTOCOLS))),
            (_, None) => Ok(None),
            (_, Some(_)) => Err(UNUSED_CA.to_owned()),
        }
    }
}

/// The place of a part of a REST API: a path below its base URL, or a whole URL. It may hold a password, so it is
/// never printed.
#[derive(Clone, Deserialize)]
pub struct Place(String);

impl Place {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        base(&url).map(|_| Self(url.into()))
    }
}

/// Returns the TLS configuration for these URLs, which share a CA.
pub(super) fn tls_for(urls: &[&Url], ca: Option<&CaFile>) -> Result<Tls, String> {
    match (urls.iter().any(|url| url.scheme() == "https"), ca) {
        (true, ca) => Ok(Tls::new(ca, Check::Name)?.speaking(&PROTOCOLS)),
        (false, None) => Tls::trusting_nobody(),
        (false, Some(_)) => Err(UNUSED_CA.to_owned()),
    }
}

/// Returns a URL for a person: without its user and password.
pub(crate) fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for URLs without a host.
    let _ = (url.set_username(""), url.set_password(None));
    url.to_string()
}

/// Parses the URL to which paths are appended. The message never repeats it.
fn base(url: &str) -> Result<Url, String> {
    let invalid = || {
        "expected a URL such as http://host:8001 or https://host/api, without a query".to_owned()
    };
    let base = format!("{}/", url.trim_end_matches('/'));
    let base = Url::parse(&base).map_err(|_| invalid())?;
    let plain = base.query().is_none() && base.fragment().is_none() && base.has_host();
    match base.scheme() {
        "http" | "https" if plain => Ok(base),
        _ => Err(invalid()),
    }
}

/// Returns the URL of a part of the API: a path below the base URL, or a whole URL.
pub(crate) fn locate(base: &Url, place: &str) -> Result<Url, String> {
    match place.starts_with("http://") || place.starts_with("https://") {
        true => Url::parse(place)
            .ok()
            .filter(Url::has_host)
            .ok_or_else(|| "expected a path below url, such as posts, or a whole URL".to_owned()),
        false => Ok(append(base, place.trim_start_matches('/'))),
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
            let base = BaseUrl::try_from(url.to_owned()).unwrap().base().unwrap();
            assert_eq!(append(&base, "v1/sync/orders").as_str(), full);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_repeating_it() {
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
            let refusal = BaseUrl::try_from(url.to_owned()).unwrap_err();
            assert!(
                !refusal.contains("hunter2") && refusal.contains("expected a URL"),
                "{refusal}"
            );
        }
    }

    #[test]
    fn a_url_does_not_show_itself() {
        let url = BaseUrl::try_from("http://me:hunter2@store".to_owned()).unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
        assert!(
            !format!("{:?}", Place("http://me:hunter2@store/posts".to_owned())).contains("hunter2")
        );
    }
}
