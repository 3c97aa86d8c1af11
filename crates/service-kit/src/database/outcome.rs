//! The outcome of a write that ended with an error. Only an error that proves a rollback may be
//! followed by a plain retry (docs/decisions/0019).

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Database, DatabaseError};

/// The time between two attempts to learn an outcome.
pub const PAUSE: Duration = Duration::from_millis(50);

/// The source of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The driver did not send the statement.
    Driver,
    /// PostgreSQL refused the statement, or ended the session.
    Server,
    /// The connection broke, or the answer cannot be read: the statement may have been executed.
    Unclear,
}

/// Returns the source of an error. The list is open: an unknown error proves nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "diesel's list is open-ended")]
const fn source(error: &QueryError) -> Source {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match error {
        QueryError::DatabaseError(ClosedConnection | UnableToSendCommand, _) => Source::Unclear,
        QueryError::DatabaseError(..) => Source::Server,
        QueryError::InvalidCString(_)
        | QueryError::QueryBuilderError(_)
        | QueryError::SerializationError(_) => Source::Driver,
        _ => Source::Unclear,
    }
}

/// Converts the error of a statement that commits: one without a transaction around it, or
/// `COMMIT`.
///
/// After an `ERROR` PostgreSQL rolls back and continues the session, but when it ends the session
/// (`FATAL`), it may have committed before. Diesel exposes neither the severity nor the code of
/// most errors. So the session is probed: one that answers has rolled back.
pub(super) async fn of_write(
    connection: &mut AsyncPgConnection,
    error: QueryError,
) -> DatabaseError {
    match source(&error) {
        Source::Driver => error.into(),
        Source::Server if connection.batch_execute("").await.is_ok() => error.into(),
        Source::Server | Source::Unclear => DatabaseError::OutcomeUnknown(error.to_string()),
    }
}

impl Database {
    /// Determines an unknown outcome of work that began at `began`: `again` looks it up, or does
    /// the work if it was not done, and is repeated until the deadline has passed or it ends in
    /// another way than by an error of the database (`of_database`).
    pub async fn ascertain<T, E: From<DatabaseError>>(
        &self,
        began: Instant,
        unknown: DatabaseError,
        again: impl AsyncFn() -> Result<T, E>,
        of_database: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        tracing::warn!(%unknown, "checking whether a write was committed");
        let asking = async {
            loop {
                sleep(PAUSE).await;
                match again().await {
                    Err(error) if of_database(&error) => {}
                    known => return known,
                }
            }
        };
        timeout_at(began + self.deadline, asking).await.unwrap_or_else(|_| Err(unknown.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_server_or_a_statement_that_was_not_sent_can_prove_a_rollback() {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand, UniqueViolation, Unknown};
        let error = |kind| QueryError::DatabaseError(kind, Box::new(String::new()));
        let cases = [
            (error(Unknown), Source::Server),
            (error(UniqueViolation), Source::Server),
            (error(ClosedConnection), Source::Unclear),
            (error(UnableToSendCommand), Source::Unclear),
            (QueryError::SerializationError("odd".into()), Source::Driver),
            (QueryError::DeserializationError("odd".into()), Source::Unclear),
            (QueryError::BrokenTransactionManager, Source::Unclear),
        ];
        for (error, expected) in cases {
            assert_eq!(source(&error), expected, "{error:?}");
        }
    }
}
