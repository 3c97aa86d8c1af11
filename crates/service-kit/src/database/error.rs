//! The error of a database operation.

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::deadpool::PoolError;
use thiserror::Error;

/// The error of a database operation.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The database cannot be reached, is not ready, or does not answer. Nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// All permits for reading many rows are taken, and none was released for long.
    #[error("too many requests read lists at the same time")]
    TooManyReaders,
    /// The database refused a statement. Nothing was written.
    #[error("the database refused a statement: {0}")]
    Query(QueryError),
    /// The connection broke, or there was no answer, when a write may have been committed: the
    /// write must not be repeated before its outcome is known.
    #[error("the database did not confirm the commit: {0}")]
    OutcomeUnknown(String),
}

impl DatabaseError {
    /// Returns whether the error proves that nothing was written.
    #[must_use]
    pub const fn proves_rollback(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::TooManyReaders | Self::Query(_) => true,
            Self::OutcomeUnknown(_) => false,
        }
    }
}

/// Converts the error of a read, or of a transaction before its `COMMIT`: if the session ends
/// there, PostgreSQL rolls back.
impl From<QueryError> for DatabaseError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "diesel's list is open-ended")]
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                information,
            ) => Self::Unavailable(information.message().to_owned()),
            // PostgreSQL's messages for a lock or statement timeout, and for a shutdown. Diesel
            // does not expose the code of such an error, so it is recognized by its English text;
            // in another language (`lc_messages`, which only an administrator may set) it counts as
            // refused.
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

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(match error {
            PoolError::Backend(cause) => cause.to_string(),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => error.to_string(),
        })
    }
}
