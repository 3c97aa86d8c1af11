//! Authentication and authorization: a caller is identified by a bearer token, and each route has a
//! rule about the roles that may use it. Independent of HTTP.

mod caller;
mod settings;
mod token;

use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;

pub use caller::{Caller, Denied, Principal, Role, Roles, Rule};
pub(crate) use settings::check_name;
pub use settings::{AccessSettings, KnownToken, Tokens};
pub use token::{Token, TokenHash};

/// The tokens that a program knows.
#[derive(Clone, Debug)]
pub struct Access {
    known: Arc<[(TokenHash, Arc<Principal>)]>,
}

/// The error of a token that is not configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownToken;

/// The error of a program that others could reach and that has no tokens: anybody could do
/// anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "http.host is {host}, which other machines can reach, but no token is configured: create one with \
     `token new --name NAME --role ROLE`, or set http.host to 127.0.0.1"
)]
pub struct OpenToOthers {
    host: IpAddr,
}

impl Access {
    /// Creates it with the tokens from the settings.
    #[must_use]
    pub fn new(settings: &AccessSettings) -> Self {
        let known = settings.tokens.iter();
        let known = known.map(|(name, known)| {
            let principal = Principal { name: name.to_owned(), roles: known.roles };
            (known.hash, Arc::new(principal))
        });
        Self { known: known.collect() }
    }

    /// Returns whether no token is configured: then every caller on this machine may do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.known.is_empty()
    }

    /// Fails if the program must not listen on this address.
    pub fn check_host(&self, host: IpAddr) -> Result<(), OpenToOthers> {
        match self.is_open() && !host.is_loopback() {
            true => Err(OpenToOthers { host }),
            false => Ok(()),
        }
    }

    /// Returns the caller with this token, or with none.
    pub fn caller(&self, token: Option<&str>) -> Result<Caller, UnknownToken> {
        match token {
            _ if self.is_open() => Ok(Caller::Anybody),
            None => Ok(Caller::Nobody),
            Some(token) => self.find(&TokenHash::of(token)).map(Caller::Known).ok_or(UnknownToken),
        }
    }

    /// Looks up a token in constant time: every known token is compared, found or not.
    fn find(&self, hash: &TokenHash) -> Option<Arc<Principal>> {
        self.known.iter().fold(None, |found, (known, principal)| match known.is(hash) {
            true => Some(Arc::clone(principal)),
            false => found,
        })
    }
}

#[cfg(test)]
mod tests;
