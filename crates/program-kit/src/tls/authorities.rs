//! The trusted CAs: those of a file, or the system's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error, PemObject as _};
use serde::Deserialize;

/// A file with the certificates of CAs, as read with the settings.
#[derive(Clone, Deserialize)]
#[serde(try_from = "PathBuf")]
pub struct CaFile {
    path: PathBuf,
    roots: Arc<RootCertStore>,
}

impl CaFile {
    /// Returns the file's certificates.
    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CaFile").field(&self.path).finish()
    }
}

impl TryFrom<PathBuf> for CaFile {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        match read(&path) {
            Ok(roots) => Ok(Self { path, roots: Arc::new(roots) }),
            Err(problem) => Err(format!(
                "the CA file {:?} {problem}; expected a PEM file with certificates",
                path.display()
            )),
        }
    }
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(describe)?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates.enumerate() {
        let certificate = certificate.map_err(describe)?;
        let added = roots.add(certificate);
        added.map_err(|error| {
            format!("has an invalid certificate (number {}): {error}", index + 1)
        })?;
    }
    match roots.is_empty() {
        true => Err("contains no certificate".to_owned()),
        false => Ok(roots),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is open-ended")]
fn describe(error: Error) -> String {
    match error {
        Error::Io(error) => format!("cannot be read: {error}"),
        error => format!("cannot be parsed: {error}"),
    }
}

/// Loads the system's CAs.
pub(super) fn system_roots() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system has many, and a malformed one need not be the relevant one.
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => {
            Err("this system has no trusted CA; install the package ca-certificates, or set ca \
                     to the file of your own CA"
                .to_owned())
        }
        false => Ok(Arc::new(roots)),
    }
}
