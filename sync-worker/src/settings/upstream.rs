//! `[upstream]` and `[upstreams.NAME]`: the services from which records are pulled.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use program_kit::access::Token;
use program_kit::settings::{Value, non_zero_time, read_section};
use program_kit::tls::{CaFile, Tls};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use shared_models::mirror::JOB;
use shared_models::runs::is_name;

use super::base_url::{BaseUrl, Place, locate, tls_for, without_credentials};

/// The defaults of `[upstream]`.
pub(super) const UPSTREAM: &str = include_str!("upstream.toml");
/// The name of the source that has no name in the settings.
pub const FIRST: &str = "upstream";
/// The place of an operator's id in the path of its sites.
const ID: &str = "{id}";

/// `[upstream]`: a service from which records are pulled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSettings {
    /// The base URL; nothing is pulled without one.
    pub url: Option<BaseUrl>,
    /// The only CA that is trusted.
    pub ca: Option<CaFile>,
    /// The token that never expires.
    #[serde(default, deserialize_with = "not_empty")]
    pub token: Option<Token>,
    /// The user with whose password a token is fetched.
    #[serde(default, deserialize_with = "not_empty")]
    pub user: Option<String>,
    /// The password.
    #[serde(default, deserialize_with = "not_empty")]
    pub password: Option<SecretString>,
    /// Where the token is fetched.
    pub token_path: Place,
    /// Where the operator is read, or a list of them.
    pub user_path: Place,
    /// Where the sites of an operator are read.
    pub sites_path: Place,
    /// The time from one pull to the next.
    #[serde(deserialize_with = "non_zero_time")]
    pub interval: Duration,
    /// The time to the next pull after a token could not be fetched.
    #[serde(deserialize_with = "non_zero_time")]
    pub retry_token: Duration,
    /// The timeout of connecting.
    #[serde(deserialize_with = "non_zero_time")]
    pub connect_timeout: Duration,
    /// The timeout of an answer.
    #[serde(deserialize_with = "non_zero_time")]
    pub read_timeout: Duration,
    /// The requests under way at the same time.
    pub parallel: NonZeroUsize,
    /// The largest answer, in bytes.
    pub max_answer: NonZeroUsize,
    /// Whether a record that does not fit makes a pull fail.
    pub strict: bool,
}

/// Reads a setting whose empty text is as good as none.
pub(super) fn not_empty<'de, D: Deserializer<'de>, T>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    T: TryFrom<String, Error: std::fmt::Display>,
{
    match Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()) {
        Some(text) => T::try_from(text).map(Some).map_err(D::Error::custom),
        None => Ok(None),
    }
}

/// The way to a token.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A token that never expires.
    Token(Token),
    /// A user whose password gets one.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// None are set.
    Missing,
}

/// A service from which records are pulled, with checked settings.
#[derive(Clone)]
pub struct Upstream {
    /// The name of the source.
    pub name: String,
    /// Where the token is fetched.
    pub token_url: Url,
    /// Where the operator is read, or a list of them.
    pub user_url: Url,
    /// The way to a token.
    pub credentials: Credentials,
    /// The TLS configuration.
    pub tls: Tls,
    /// The settings.
    pub settings: UpstreamSettings,
    base: Url,
}

/// Shows no URL: there may be a password in it.
impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Upstream");
        shown.field("name", &self.name).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Upstream {
    fn new(name: String, settings: UpstreamSettings) -> Result<Option<Self>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        let named = |setting: &str, problem| format!("{setting} of the source {name}: {problem}");
        let base = url.base().map_err(|problem| named("url", problem))?;
        let place = |setting, path: &str| locate(&base, path).map_err(|it| named(setting, it));
        let token_url = place("token_path", settings.token_path.as_str())?;
        let user_url = place("user_path", settings.user_path.as_str())?;
        if !settings.sites_path.as_str().contains(ID) {
            return Err(named("sites_path", format!("expected a path with {ID} in it")));
        }
        let sites_url = place("sites_path", &settings.sites_path.as_str().replace(ID, "1"))?;
        let tls = tls_for(&[&base, &token_url, &user_url, &sites_url], settings.ca.as_ref());
        let tls = tls.map_err(|problem| named("ca", problem))?;
        let credentials = match (&settings.token, &settings.user, &settings.password) {
            (Some(token), ..) => Credentials::Token(token.clone()),
            (None, Some(user), Some(password)) => {
                Credentials::Password { user: user.clone(), password: password.clone() }
            }
            (None, None, None) => Credentials::Missing,
            (None, Some(_), None) => {
                return Err(named("password", "expected one, as user is set".into()));
            }
            (None, None, Some(_)) => {
                return Err(named("user", "expected one, as password is set".into()));
            }
        };
        Ok(Some(Self { name, token_url, user_url, credentials, tls, settings, base }))
    }

    /// Returns where the sites of an operator are read.
    pub fn sites_url(&self, operator: i64) -> Result<Url, String> {
        locate(&self.base, &self.settings.sites_path.as_str().replace(ID, &operator.to_string()))
    }

    /// Returns the address for a person: no user, no password.
    #[must_use]
    pub fn shown_url(&self) -> String {
        without_credentials(&self.base)
    }
}

/// Returns the services of `[upstream]` and `[upstreams.NAME]` that have a URL.
pub(super) fn upstreams(
    first: &UpstreamSettings,
    named: &BTreeMap<String, UpstreamSettings>,
) -> Result<Vec<Upstream>, String> {
    let mut upstreams = Vec::from_iter(Upstream::new(FIRST.to_owned(), first.clone())?);
    for (name, settings) in named {
        if name == FIRST || name == JOB || !is_name(name) {
            return Err(format!(
                "upstreams.{name}: expected a name of 1 to 64 lowercase letters, digits, _ and -, \
                 other than {FIRST} and {JOB}"
            ));
        }
        let upstream = Upstream::new(name.clone(), settings.clone())?;
        upstreams.push(upstream.ok_or_else(|| format!("upstreams.{name}.url is missing"))?);
    }
    Ok(upstreams)
}

/// Reads `[upstreams.NAME]`: the defaults are those of `[upstream]`.
pub(super) fn named<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, UpstreamSettings>, D::Error> {
    let sections = BTreeMap::<String, Value>::deserialize(deserializer)?.into_iter();
    let read = |(name, set): (String, Value)| {
        let settings = read_section(FIRST, UPSTREAM, Some(&set));
        let settings =
            settings.map_err(|error| D::Error::custom(format!("[upstreams.{name}]: {error}")));
        Ok((name, settings?))
    };
    sections.map(read).collect()
}

/// Returns the credentials as the body of a request for a token.
#[must_use]
pub fn grant(user: &str, password: &SecretString) -> serde_json::Value {
    serde_json::json!({
        "grant_type": "password",
        "username": user,
        "password": password.expose_secret(),
        "scope": "default",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_upstream_shows_no_password_in_whichever_address_it_stands() {
        let set = Value::deserialize(json!({
            "url": "http://me:hunter2@upstream",
            "token_path": "http://me:hunter2@tokens/auth",
            "sites_path": "hunter2/{id}",
            "user": "me",
            "password": "hunter2",
        }));
        let settings = read_section(FIRST, UPSTREAM, Some(&set.unwrap())).unwrap();
        let upstream = Upstream::new(FIRST.to_owned(), settings).unwrap().unwrap();
        let shown = format!("{upstream:?} {:?}", upstream.settings);
        assert!(!shown.contains("hunter2") && shown.contains("max_answer"), "{shown}");
    }
}
