//! The endpoint of the collector, and other settings of it that the environment has. An endpoint may
//! hold a password or a key, so it is never printed.

use std::env;
use std::fmt;
use std::time::Duration;

use reqwest::Url;

/// The variables that name the collector. The first has the whole URL, the second one to which
/// [`PATH`] is added.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];

/// The path at which a collector takes spans.
const PATH: &str = "/v1/traces";

/// The timeout where the environment has none: the default of OpenTelemetry.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A variable that is set, with its value.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// Returns the first of these variables that is set.
pub(super) fn first(names: [&'static str; 2]) -> Option<Variable> {
    let set =
        |name| Some(Variable { name, value: env::var(name).ok().filter(|it| !it.is_empty())? });
    names.into_iter().find_map(set)
}

/// The URL to which spans are sent. It may contain a user with a password, or a key in its query.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Endpoint(Url);

impl Endpoint {
    /// Returns the endpoint that the environment names.
    pub(super) fn of_environment() -> Result<Option<Self>, String> {
        first(ENDPOINTS).as_ref().map(Self::parse).transpose()
    }

    pub(super) fn parse(variable: &Variable) -> Result<Self, String> {
        let url = Url::parse(&variable.value).ok();
        let url = url.filter(|url| ["http", "https"].contains(&url.scheme()));
        let mut url = url.ok_or_else(|| {
            format!("{}: expected a URL such as http://collector:4318", variable.name)
        })?;
        let [_, without_path] = ENDPOINTS;
        if variable.name == without_path {
            url.set_path(&format!("{}{PATH}", url.path().trim_end_matches('/')));
        }
        Ok(Self(url))
    }

    /// Returns the URL itself, to send something there.
    pub(super) fn expose(&self) -> &Url {
        &self.0
    }

    /// Returns what may be logged of the URL.
    pub(super) fn to_public(&self) -> String {
        let Self(url) = self;
        format!("{}{}", url.origin().ascii_serialization(), url.path())
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.to_public()).finish()
    }
}

/// Returns the time within which the collector is to answer.
pub(super) fn timeout() -> Result<Duration, String> {
    first(TIMEOUTS).as_ref().map_or(Ok(TIMEOUT), parse_timeout)
}

fn parse_timeout(Variable { name, value }: &Variable) -> Result<Duration, String> {
    match value.parse() {
        Ok(0) | Err(_) => {
            Err(format!("{name}: expected milliseconds, at least 1; found {value:?}"))
        }
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &'static str, value: &str) -> Result<Endpoint, String> {
        Endpoint::parse(&Variable { name, value: value.to_owned() })
    }

    #[test]
    fn the_path_is_added_to_the_endpoint_of_all_signals_only() {
        let [traces, all] = ENDPOINTS;
        let cases = [
            (all, "http://collector:4318", "http://collector:4318/v1/traces"),
            (all, "http://collector:4318/", "http://collector:4318/v1/traces"),
            (all, "https://collector/otlp?key=1", "https://collector/otlp/v1/traces?key=1"),
            (traces, "http://collector:4318/in", "http://collector:4318/in"),
        ];
        for (variable, value, expected) in cases {
            assert_eq!(parsed(variable, value).unwrap().expose().as_str(), expected);
        }
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused_without_being_repeated() {
        let [traces, all] = ENDPOINTS;
        for name in [traces, all] {
            for value in ["user:secret@collector:4318", "http://user:sec/ret@collector", "secret"] {
                let refused = parsed(name, value).unwrap_err();
                let expected = format!("{name}: expected a URL such as http://collector:4318");
                assert_eq!(refused, expected);
            }
        }
    }

    #[test]
    fn neither_a_password_nor_a_query_is_shown() {
        let [_, all] = ENDPOINTS;
        let endpoint = parsed(all, "http://user:p{w@collector:4318?key=secret").unwrap();
        assert_eq!(endpoint.to_public(), "http://collector:4318/v1/traces");
        assert_eq!(format!("{endpoint:?}"), r#"Endpoint("http://collector:4318/v1/traces")"#);
    }

    #[test]
    fn a_timeout_is_a_number_of_milliseconds() {
        let parsed =
            |value: &str| parse_timeout(&Variable { name: "TIMEOUT", value: value.to_owned() });
        assert_eq!(parsed("1500"), Ok(Duration::from_millis(1_500)));
        for value in ["0", "10s", "-1"] {
            let expected = format!("TIMEOUT: expected milliseconds, at least 1; found {value:?}");
            assert_eq!(parsed(value), Err(expected));
        }
    }
}
