//! TLS on the outgoing links of a program: to PostgreSQL, to RabbitMQ, to the sides.
//!
//! The trusted CAs, and the check of a server's certificate, are defined in this one place; the use
//! by each client library is next to that library. Nothing here is process-wide.

mod authorities;
mod checks;
mod reason;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};

pub use authorities::CaFile;
use checks::AnyNameVerifier;

/// The check of a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// No check: the link is encrypted, but anybody may be at its other end.
    Nothing,
    /// The issuer and the validity.
    Chain,
    /// The issuer, the validity, and the requested name.
    Name,
}

/// The TLS configuration of one link.
#[derive(Clone)]
pub struct Tls {
    config: ClientConfig,
    own_ca: bool,
}

impl Tls {
    /// Trusts only `ca` if it is given, else the system's CAs.
    pub fn new(ca: Option<&CaFile>, check: Check) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier(ca, check, &provider)?;
        Ok(Self { config: config(provider, verifier)?, own_ca: ca.is_some() })
    }

    /// Trusts nobody: for an unencrypted link, in a library that needs a configuration.
    pub fn trusting_nobody() -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let roots = Some(Arc::new(RootCertStore::empty()));
        let verifier = Arc::new(AnyNameVerifier { roots, algorithms });
        Ok(Self { config: config(provider, verifier)?, own_ca: false })
    }

    /// Returns the configuration with protocols to be named in the handshake (ALPN).
    #[must_use]
    pub fn speaking(mut self, protocols: &[&str]) -> Self {
        self.config.alpn_protocols =
            protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        self
    }

    /// Returns the configuration for the client libraries.
    #[must_use]
    pub fn config(&self) -> ClientConfig {
        self.config.clone()
    }

    /// Describes an error of the other end's TLS in one line for a person; `section` is that of the
    /// link's settings. Returns `None` for any other error.
    #[must_use]
    pub fn reason(&self, section: &str, error: &(dyn Error + 'static)) -> Option<String> {
        reason::reason(error, section, self.own_ca)
    }
}

fn config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, String> {
    let versions = ClientConfig::builder_with_provider(provider);
    // TLS 1.2 and 1.3.
    let versions = versions.with_safe_default_protocol_versions();
    let config = versions.map_err(|error| error.to_string())?;
    let config = config.dangerous().with_custom_certificate_verifier(verifier);
    Ok(config.with_no_client_auth())
}

fn verifier(
    ca: Option<&CaFile>,
    check: Check,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let roots = || ca.map_or_else(authorities::system_roots, |ca| Ok(ca.roots()));
    let algorithms = provider.signature_verification_algorithms;
    match check {
        Check::Nothing => Ok(Arc::new(AnyNameVerifier { roots: None, algorithms })),
        Check::Chain => Ok(Arc::new(AnyNameVerifier { roots: Some(roots()?), algorithms })),
        Check::Name => {
            let provider = Arc::clone(provider);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots()?, provider).build();
            Ok(verifier.map_err(|error| error.to_string())?)
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("own_ca", &self.own_ca).finish_non_exhaustive()
    }
}
