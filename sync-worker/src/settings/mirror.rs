//! `[mirror]`: the remote service that is mirrored with the store.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use program_kit::access::Token;
use program_kit::settings::non_zero_time;
use program_kit::tls::{CaFile, Tls};
use reqwest::Url;
use reqwest::header::HeaderName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::LEASE_MARGIN;
use super::base_url::{BaseUrl, Place, locate, tls_for, without_credentials};
use super::upstream::not_empty;

/// The defaults of `[mirror]`.
pub(super) const MIRROR_DEFAULTS: &str = include_str!("mirror.toml");

/// `[mirror]`: the remote service that is mirrored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorSettings {
    /// The base URL; nothing is mirrored without one.
    pub url: Option<BaseUrl>,
    /// The only CA that is trusted.
    pub ca: Option<CaFile>,
    /// The token that is shown to the remote.
    #[serde(default, deserialize_with = "not_empty")]
    pub token: Option<Token>,
    /// Where its posts are.
    pub posts: Place,
    /// Where its comments are.
    pub comments: Place,
    /// The time from one sending of what changed here to the next.
    #[serde(deserialize_with = "non_zero_time")]
    pub interval: Duration,
    /// The time from one load to the next, if any.
    #[serde(default, deserialize_with = "maybe_time")]
    pub load_interval: Option<Duration>,
    /// The timeout of connecting.
    #[serde(deserialize_with = "non_zero_time")]
    pub connect_timeout: Duration,
    /// The timeout of an answer, or of the next part of a long one.
    #[serde(deserialize_with = "non_zero_time")]
    pub read_timeout: Duration,
    /// The requests under way at the same time.
    pub parallel: NonZeroUsize,
    /// The failures of a request before its record is parked.
    pub tries: NonZeroU32,
    /// The back-off after the first failure.
    #[serde(deserialize_with = "non_zero_time")]
    pub backoff_min: Duration,
    /// The longest back-off.
    #[serde(deserialize_with = "non_zero_time")]
    pub backoff_max: Duration,
    /// The longest `Retry-After` that is honoured.
    #[serde(with = "humantime_serde")]
    pub retry_after_max: Duration,
    /// The time after which a create that got no answer is over at the remote.
    #[serde(with = "humantime_serde")]
    pub create_grace: Duration,
    /// The time in which the next thousand records of a list, or its end, have to arrive.
    #[serde(deserialize_with = "non_zero_time")]
    pub list_timeout: Duration,
    /// The largest record, in bytes.
    pub max_record: NonZeroUsize,
    /// The most records of a list.
    pub max_records: NonZeroU64,
    /// The percentage of the records that one load may remove.
    pub max_removed: Percentage,
    /// The header in which a create carries a key.
    #[serde(default, deserialize_with = "header")]
    pub idempotency_header: Option<HeaderName>,
    /// The field in which a create carries a key.
    #[serde(default, deserialize_with = "not_empty")]
    pub marker_field: Option<String>,
    /// The names of the fields.
    pub fields: FieldNames,
}

/// `[mirror.fields]`: the names of the fields at the remote.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the name of that field")]
pub struct FieldNames {
    pub id: String,
    pub user_id: String,
    pub title: String,
    pub body: String,
    pub post_id: String,
    pub name: String,
    pub email: String,
}

/// A percentage.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percentage(u8);

impl Percentage {
    /// Returns whether a part of a number is more than this percentage of it.
    #[must_use]
    pub fn is_exceeded_by(self, part: usize, of: usize) -> bool {
        part.saturating_mul(100) > of.saturating_mul(self.0.into())
    }
}

impl TryFrom<u8> for Percentage {
    type Error = String;

    fn try_from(percentage: u8) -> Result<Self, String> {
        match percentage {
            0..=100 => Ok(Self(percentage)),
            _ => Err(format!("expected a percentage from 0 to 100; found {percentage}")),
        }
    }
}

fn maybe_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    non_zero_time(deserializer).map(Some)
}

fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HeaderName>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let parsed = HeaderName::try_from(&name);
    let parsed = parsed
        .map_err(|_| D::Error::custom(format!("expected the name of a header; found {name:?}")))?;
    Ok(Some(parsed))
}

/// The remote service that is mirrored, with checked settings.
#[derive(Clone)]
pub struct Remote {
    /// Where its posts are.
    pub posts_url: Url,
    /// Where its comments are.
    pub comments_url: Url,
    /// The TLS configuration.
    pub tls: Tls,
    /// The settings.
    pub settings: MirrorSettings,
}

/// Shows no URL: there may be a password in it.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Remote {
    pub(super) fn of(settings: &MirrorSettings) -> Result<Option<Self>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        if settings.connect_timeout + settings.read_timeout > LEASE_MARGIN {
            return Err(format!(
                "mirror.connect_timeout and mirror.read_timeout: expected at most {LEASE_MARGIN:?} together, so \
                 that a request is over before another worker may begin"
            ));
        }
        let base = url.base()?;
        let place = |setting: &str, path: &Place| {
            locate(&base, path.as_str()).map_err(|problem| format!("mirror.{setting}: {problem}"))
        };
        let posts_url = place("posts", &settings.posts)?;
        let comments_url = place("comments", &settings.comments)?;
        let tls = tls_for(&[&posts_url, &comments_url], settings.ca.as_ref());
        let tls = tls.map_err(|problem| format!("mirror.ca: {problem}"))?;
        Ok(Some(Self { posts_url, comments_url, tls, settings: settings.clone() }))
    }

    /// Returns the address by which it is told from another remote: that of its posts.
    #[must_use]
    pub fn address(&self) -> String {
        let mut url = self.posts_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        without_credentials(&url).trim_end_matches('/').to_owned()
    }

    /// Returns the address for a person: no user, no password.
    #[must_use]
    pub fn shown_url(&self) -> String {
        without_credentials(&self.posts_url)
    }
}

#[cfg(test)]
mod tests {
    use program_kit::settings::{Value, read_section};
    use serde_json::json;

    use super::*;

    fn remote(set: &serde_json::Value) -> Remote {
        let set = Value::deserialize(set).unwrap();
        let settings =
            read_section::<MirrorSettings>("mirror", MIRROR_DEFAULTS, Some(&set)).unwrap();
        Remote::of(&settings).unwrap().unwrap()
    }

    #[test]
    fn a_remote_shows_no_password_in_whichever_address_it_stands() {
        let remote = remote(&json!({
            "url": "http://me:hunter2@remote",
            "posts": "http://me:hunter2@remote/hunter2/posts",
            "comments": "hunter2/comments",
        }));
        let shown = format!("{remote:?} {:?}", remote.settings);
        assert!(!shown.contains("hunter2") && shown.contains("list_timeout"), "{shown}");
    }

    #[test]
    fn a_remote_is_known_by_the_address_of_its_posts_without_credentials() {
        let address =
            |url: &str, posts: &str| remote(&json!({"url": url, "posts": posts})).address();
        let expected = "http://remote/api/posts";
        for (url, posts) in [
            ("http://remote/api", "posts"),
            ("http://me:hunter2@REMOTE:80/api/", "/posts/"),
            ("http://other", "http://remote/api/posts?key=hunter2"),
        ] {
            assert_eq!(address(url, posts), expected, "{url} {posts}");
        }
        for (url, posts) in [
            ("https://remote/api", "posts"),
            ("http://remote:81/api", "posts"),
            ("http://remote", "posts"),
        ] {
            assert_ne!(address(url, posts), expected, "{url} {posts}");
        }
    }
}
