//! Passwords: random, of letters and digits only, so that no URL or config file has to escape them.

/// A new password of 122 random bits.
#[must_use]
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// What a password is hashed with.
pub(crate) fn salt() -> [u8; 4] {
    let [first, second, third, fourth, ..] = uuid::Uuid::new_v4().into_bytes();
    [first, second, third, fourth]
}
