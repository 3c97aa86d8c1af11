//! The URL of RabbitMQ.

use lapin::uri::{AMQPScheme, AMQPUri};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::tls::{CaFile, Check, Tls};

/// An AMQP URL; it holds a password, so it is never printed.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct BrokerUrl {
    url: SecretString,
    encrypted: bool,
}

impl BrokerUrl {
    /// Returns the URL itself, for connecting.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }

    /// Returns the TLS configuration, if the URL asks for TLS.
    pub(super) fn tls(&self, ca: Option<&CaFile>) -> Result<Option<Tls>, String> {
        match (self.encrypted, ca) {
            (true, ca) => Tls::new(ca, Check::Name).map(Some),
            (false, None) => Ok(None),
            (false, Some(_)) => {
                Err("broker.ca is set, but broker.url does not use TLS; begin the \
                                     URL with amqps://, or remove broker.ca"
                    .to_owned())
            }
        }
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match url.parse::<AMQPUri>() {
            Ok(uri) => Ok(Self { url: url.into(), encrypted: uri.scheme == AMQPScheme::AMQPS }),
            Err(_) => Err("broker.url is not a URL such as amqp://user:password@host:5672/%2f"),
        }
    }
}
