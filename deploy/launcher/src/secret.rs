//! Passwords: random, of letters and digits only, so that no URL or config file has to escape them.

/// A new password of 122 random bits.
#[must_use]
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
