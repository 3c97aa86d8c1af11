//! The URL of a PostgreSQL database.

use std::fmt;
use std::str::FromStr;

use program_kit::tls::{CaFile, Check, Tls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio_postgres::config::{Config, SslMode};

/// The name of PostgreSQL's protocol in the TLS handshake.
const PROTOCOL: &str = "postgresql";

/// A PostgreSQL URL; it holds a password, so it is never printed.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl {
    url: SecretString,
    config: Config,
    protection: Protection,
}

impl DatabaseUrl {
    /// Returns the URL itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }

    /// Returns the URL as the driver's configuration.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Returns the TLS configuration, if the URL asks for TLS.
    pub(super) fn tls(&self, ca: Option<&CaFile>) -> Result<Option<Tls>, String> {
        let check = match (self.protection, ca) {
            (Protection::None, None) => return Ok(None),
            (Protection::None, Some(_)) => {
                return Err(
                    "database.ca is set, but database.url does not use TLS; end the URL with \
                            ?sslmode=verify-full, or remove database.ca"
                        .to_owned(),
                );
            }
            (Protection::Require, None) => Check::Nothing,
            (Protection::Require, Some(_)) | (Protection::VerifyCa, _) => Check::Chain,
            (Protection::VerifyFull, _) => Check::Name,
        };
        Tls::new(ca, check).map(|tls| Some(tls.speaking(&[PROTOCOL])))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseUrl").field("protection", &self.protection).finish_non_exhaustive()
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        const WANTED: &str =
            "database.url is not a URL such as postgres://user:password@host:5432/database";
        let (rest, protection) = take_protection(&url)?;
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        let mut config: Config = rest.parse().map_err(|_| WANTED)?;
        if !is_url || config.get_hosts().is_empty() {
            return Err(WANTED);
        }
        config.ssl_mode(match protection {
            Protection::None => SslMode::Disable,
            Protection::Require | Protection::VerifyCa | Protection::VerifyFull => SslMode::Require,
        });
        Ok(Self { url: url.into(), config, protection })
    }
}

/// The protection of the link: `sslmode`, as in libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    None,
    Require,
    VerifyCa,
    VerifyFull,
}

impl FromStr for Protection {
    type Err = &'static str;

    fn from_str(mode: &str) -> Result<Self, Self::Err> {
        match mode {
            "disable" => Ok(Self::None),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            // These would accept an unencrypted link.
            "prefer" | "allow" => {
                Err("database.url: sslmode=prefer and sslmode=allow protect against \
                                       nobody; use verify-full, or disable")
            }
            _ => Err("database.url: expected sslmode=disable, require, verify-ca or verify-full"),
        }
    }
}

/// Splits `sslmode` off the URL: the driver knows only some of its values.
fn take_protection(url: &str) -> Result<(String, Protection), &'static str> {
    let mut protection = Protection::None;
    // Anything before an @ belongs to the password.
    let after_password = url.find('@').unwrap_or_default();
    let Some(query) = url[after_password..].find('?').map(|found| after_password + found) else {
        return Ok((url.to_owned(), protection));
    };
    let mut others = Vec::new();
    for parameter in url[query + 1..].split('&') {
        match form_urlencoded::parse(parameter.as_bytes()).next() {
            Some((name, mode)) if name == "sslmode" => protection = mode.parse()?,
            Some((name, _)) if name == "sslrootcert" => {
                return Err("database.url: sslrootcert is not supported; set the CA's file in \
                            database.ca");
            }
            Some(_) | None => others.push(parameter),
        }
    }
    let query = if others.is_empty() { &url[..query] } else { &url[..=query] };
    Ok((query.to_owned() + &others.join("&"), protection))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "postgres://me:hunter2@host/orders";

    #[test]
    fn what_sslmode_asks_for_is_taken_off_the_url() {
        let cases = [
            ("", Protection::None),
            ("?sslmode=disable", Protection::None),
            ("?sslmode=require", Protection::Require),
            ("?sslmode=verify-ca", Protection::VerifyCa),
            ("?sslmode=verify%2Dfull", Protection::VerifyFull),
            ("?application_name=a&sslmode=verify-full&connect_timeout=5", Protection::VerifyFull),
        ];
        for (query, protection) in cases {
            let url = DatabaseUrl::try_from(format!("{SERVER}{query}")).unwrap();
            assert_eq!(url.protection, protection, "{query}");
            let plain = protection == Protection::None;
            let mode = if plain { SslMode::Disable } else { SslMode::Require };
            assert_eq!(url.config.get_ssl_mode(), mode, "{query}");
            assert_eq!(url.config.get_dbname(), Some("orders"), "{query}");
            let named = query.contains("application_name").then_some("a");
            assert_eq!(url.config.get_application_name(), named, "{query}");
        }
    }

    #[test]
    fn a_question_mark_in_the_password_is_the_passwords() {
        let url = "postgres://me:a?sslmode=prefer@host/orders?sslmode=require".to_owned();
        let url = DatabaseUrl::try_from(url).unwrap();
        assert_eq!(url.protection, Protection::Require);
        assert_eq!(url.config.get_password(), Some(&b"a?sslmode=prefer"[..]));
    }

    #[test]
    fn what_protects_against_nobody_or_is_unknown_is_refused() {
        let cases = [
            ("?sslmode=prefer", "use verify-full"),
            ("?sslmode=allow", "use verify-full"),
            ("?sslmode=", "expected sslmode"),
            ("?sslmode=verify_full", "expected sslmode"),
            ("?sslrootcert=/ca.pem&sslmode=verify-full", "database.ca"),
            ("?sslmod=require", "is not a URL"),
        ];
        for (query, expected) in cases {
            let refusal = DatabaseUrl::try_from(format!("{SERVER}{query}")).unwrap_err();
            assert!(refusal.contains(expected) && refusal.contains("database.url"), "{refusal}");
        }
        let pairs = "host=host user=me password=hunter2 sslmode=prefer".to_owned();
        assert!(DatabaseUrl::try_from(pairs).unwrap_err().contains("is not a URL"));
    }

    #[test]
    fn a_url_does_not_show_itself() {
        let url = DatabaseUrl::try_from(SERVER.to_owned()).unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
