//! Passwords: random, of letters and digits only, so that no URL or config file has to escape them.

use sha2::{Digest, Sha256};

/// Returns a new password of 122 random bits.
#[must_use]
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Returns 32 random bytes. Six bits of a UUID are always the same, so three of them go into these.
pub(crate) fn bytes() -> [u8; 32] {
    let random = [(); 3].map(|()| uuid::Uuid::new_v4().into_bytes());
    Sha256::digest(random.concat()).into()
}

/// Returns the salt for the hash of a password.
pub(crate) fn salt() -> [u8; 4] {
    let [first, second, third, fourth, ..] = uuid::Uuid::new_v4().into_bytes();
    [first, second, third, fourth]
}
