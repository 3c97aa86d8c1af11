//! Why the database did not do what it was asked.

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use thiserror::Error;

/// Why the database did not do what it was asked.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// It cannot be reached, is not ready, or does not answer; it may later. Nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// As many read many rows as may at a time, and none of them has ended for long.
    #[error("too many callers read lists at the same time")]
    TooManyReaders,
    /// It refused a statement. Nothing was written.
    #[error("the database refused: {0}")]
    Query(QueryError),
    /// It broke off, or was silent, when it may have committed a write: that must not be repeated
    /// before somebody has looked.
    #[error("the database did not say whether it committed: {0}")]
    OutcomeUnknown(String),
}

impl DatabaseError {
    /// Whether nothing was written.
    #[must_use]
    pub const fn proves_rollback(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::TooManyReaders | Self::Query(_) => true,
            Self::OutcomeUnknown(_) => false,
        }
    }
}

/// The meaning of an error in a read, or in a transaction before its `COMMIT`: where the session
/// ends, PostgreSQL rolls back.
impl From<QueryError> for DatabaseError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "diesel's list is open-ended")]
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                information,
            ) => Self::Unavailable(information.message().to_owned()),
            // PostgreSQL says so when a lock or statement timeout strikes, or when it is stopped.
            // Diesel keeps the code of such an error to itself, so it is known by its English
            // words; in another language (`lc_messages`, which only an administrator may set) it
            // counts as refused.
            QueryError::DatabaseError(DatabaseErrorKind::Unknown, information)
                if information.message().starts_with("canceling statement due to")
                    || information.message().starts_with("terminating connection") =>
            {
                Self::Unavailable(information.message().to_owned())
            }
            QueryError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            _ => Self::Query(error),
        }
    }
}
