//! TLS in tests: a CA, the certificates that it issues, and a proxy that uses one of them.

mod front;

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::NamedTempFile;
use uuid::Uuid;

pub use front::{Front, Greeting};

/// The flaw of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No flaw: the certificate is for `127.0.0.1`, and valid.
    None,
    /// The certificate was valid until the end of 2023.
    Expired,
    /// The certificate is for `elsewhere.test`.
    OtherName,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct TestCertificate {
    /// The certificate.
    pub certificate: String,
    /// The certificate's key.
    pub key: String,
}

/// A CA, whose certificate is in a file while this exists.
pub struct TestCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl TestCa {
    /// Creates a CA.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("CA {}", Uuid::new_v4()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// Returns the file with the CA's certificate.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Issues a certificate for a server on this machine.
    #[must_use]
    pub fn issue(&self, flaw: Flaw) -> TestCertificate {
        let name = if flaw == Flaw::OtherName { "elsewhere.test" } else { "127.0.0.1" };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if flaw == Flaw::Expired {
            params.not_before = date_time_ymd(2023, 1, 1);
            params.not_after = date_time_ymd(2023, 12, 31);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        TestCertificate { certificate, key: key.serialize_pem() }
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}
