//! Bearer tokens. A program stores only their hashes: a reader of the settings cannot use them.
//!
//! SHA-256 without salt is enough: a token is 256 random bits, which nobody can guess or look up.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The prefix of a token, by which scanners for leaked secrets recognize one.
const PREFIX: &str = "lockstep_";
/// The prefix of a hash.
const ALGORITHM: &str = "sha256:";

/// A token; `Debug` does not print it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Token(SecretString);

impl Token {
    /// Generates a token.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()))
    }

    /// Returns the token itself, to be sent to a program.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the token's hash.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

impl TryFrom<String> for Token {
    type Error = &'static str;

    /// Accepts any text that fits into a header, however it was generated.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self(text.into())),
            false => {
                Err("expected a token of ASCII letters, digits and punctuation, without spaces")
            }
        }
    }
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Compares two hashes in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALGORITHM)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for TokenHash {
    type Err = ();

    /// Parses `sha256:9f86d0…`, with 64 digits.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix(ALGORITHM).ok_or(())?.as_bytes();
        let (mut hash, pairs) = ([0; 32], digits.chunks_exact(2));
        if pairs.len() != hash.len() || !pairs.remainder().is_empty() {
            return Err(());
        }
        for (byte, pair) in hash.iter_mut().zip(pairs) {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            let value = high.zip(low).map(|(high, low)| high * 16 + low).ok_or(())?;
            *byte = u8::try_from(value).map_err(|_| ())?;
        }
        Ok(Self(hash))
    }
}
