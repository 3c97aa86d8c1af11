//! The reason why a change cannot be carried.

/// The reason why a change cannot be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The reason, as shown to people.
    pub reason: String,
    /// Set if the change may be carried later without anybody's help.
    pub may_pass: bool,
}

impl Obstacle {
    /// Creates an obstacle that stays: the change itself is invalid.
    #[must_use]
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: false }
    }

    /// Creates an obstacle that may be gone the next time.
    #[must_use]
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: true }
    }
}
