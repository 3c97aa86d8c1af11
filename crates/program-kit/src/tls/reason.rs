//! The description of an error of the other end's TLS, and its remedy, in one line. Pure.

use std::error::Error;
use std::io;

use chrono::{DateTime, Utc};
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};

/// Returns the description, if the cause is TLS.
pub(super) fn reason(error: &(dyn Error + 'static), section: &str, own_ca: bool) -> Option<String> {
    find(error).map(|error| describe(error, section, own_ca))
}

/// Finds TLS's own error in the chain of sources.
fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // `io::Error::source` skips the error that it holds.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is open-ended")]
fn describe(error: &TlsError, section: &str, own_ca: bool) -> String {
    match error {
        TlsError::InvalidCertificate(problem) => certificate(problem, section, own_ca),
        TlsError::InvalidMessage(_) => {
            format!("the server does not use TLS on the port in {section}.url")
        }
        TlsError::AlertReceived(alert) => {
            format!("the server refused the TLS handshake ({alert:?})")
        }
        TlsError::PeerIncompatible(_) => {
            format!("the server supports neither TLS 1.2 nor 1.3 ({error})")
        }
        other => format!("TLS failed: {other}"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is open-ended")]
fn certificate(problem: &CertificateError, section: &str, own_ca: bool) -> String {
    use CertificateError::{BadSignature, UnknownIssuer};
    match problem {
        // A CA that was recreated under its old name has other signatures.
        UnknownIssuer | BadSignature if own_ca => {
            format!("the server's certificate is not from the CA in the file of {section}.ca")
        }
        UnknownIssuer | BadSignature => format!(
            "the server's certificate is from a CA that this system does not trust; set \
             {section}.ca to the file of its CA"
        ),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired on {}; renew it", day(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!(
                "the server's certificate is not valid before {}; check the clocks",
                day(*not_before)
            )
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the server's certificate is not for {}, the host in {section}.url, but for {}",
            expected.to_str(),
            match presented.is_empty() {
                true => "no host".to_owned(),
                false => presented.iter().map(|name| host(name)).collect::<Vec<_>>().join(", "),
            }
        ),
        other => format!("the server's certificate cannot be used: {other}"),
    }
}

/// Returns a name in a certificate without its kind, which the library adds: `DnsName("store")`.
fn host(name: &str) -> &str {
    let name_of_dns = name.strip_prefix("DnsName(\"").and_then(|rest| rest.strip_suffix("\")"));
    name_of_dns.unwrap_or(name)
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let time = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    time.map_or_else(|| "an unknown date".to_owned(), |time| time.format("%F %R UTC").to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::ServerName;
    use rustls::{AlertDescription, InvalidMessage};

    use super::*;

    fn bad(problem: CertificateError) -> TlsError {
        TlsError::InvalidCertificate(problem)
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn named(presented: &[&str]) -> TlsError {
        bad(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("store").unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    #[test]
    fn each_problem_has_a_line_that_names_the_setting() {
        let (time, day) = (at(2_000_000_000), at(1_700_000_000));
        let not_before = CertificateError::NotValidYetContext { time: day, not_before: time };
        let cases = [
            (bad(CertificateError::UnknownIssuer), "not from the CA in the file of store.ca"),
            (bad(CertificateError::BadSignature), "not from the CA in the file of store.ca"),
            (
                bad(CertificateError::ExpiredContext { time, not_after: day }),
                "expired on 2023-11-14 22:13 UTC;",
            ),
            (bad(not_before), "not valid before 2033-05-18 03:33 UTC"),
            (named(&["DnsName(\"a\")", "b"]), "not for store, the host in store.url, but for a, b"),
            (named(&[]), "but for no host"),
            (bad(CertificateError::Revoked), "cannot be used: "),
            (
                TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
                "not use TLS on the port in store.url",
            ),
            (TlsError::AlertReceived(AlertDescription::HandshakeFailure), "(HandshakeFailure)"),
            (TlsError::DecryptError, "TLS failed: "),
        ];
        for (error, expected) in cases {
            let held: Box<dyn Error> = Box::new(io::Error::other(error));
            let line = reason(held.as_ref(), "store", true).unwrap();
            assert!(line.contains(expected), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
        let line = reason(&bad(CertificateError::UnknownIssuer), "store", false).unwrap();
        assert!(line.contains("does not trust; set store.ca to the file of its CA"), "{line}");
    }

    #[test]
    fn what_is_not_of_tls_has_none() {
        assert_eq!(reason(&io::Error::from(io::ErrorKind::BrokenPipe), "store", true), None);
    }
}
