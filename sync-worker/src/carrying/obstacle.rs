//! What stands in the way of a change.

/// Why a change cannot be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The reason, as a person reads it.
    pub reason: String,
    /// Whether the change may be carried later without a person having done anything.
    pub may_pass: bool,
}

impl Obstacle {
    /// One that stays: the change itself is not as it should be.
    #[must_use]
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: false }
    }

    /// One that may be gone the next time.
    #[must_use]
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), may_pass: true }
    }
}
