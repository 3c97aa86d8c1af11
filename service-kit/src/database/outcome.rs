//! The outcome of a write that ended with an error. Only one that proves a rollback may be repeated
//! as it is (docs/decisions/0019).

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Database, DatabaseError};
use crate::error::Error;

/// The time between two attempts to learn an outcome.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// The source of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The driver: the statement was never sent.
    Driver,
    /// PostgreSQL: it refused the statement, or ended the session.
    Server,
    /// The connection, or an answer that cannot be read: anything may have been done.
    Unclear,
}

/// An open list: an error that is not known here proves nothing.
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

/// The meaning of an error of a statement that commits: one without a transaction around it, or
/// `COMMIT`.
///
/// PostgreSQL rolls back what it refuses (`ERROR`) and goes on with the session, but where it ends
/// the session (`FATAL`), it may have committed before. Diesel tells neither the severity nor the
/// code of most errors. So the session is asked: one that answers has rolled back.
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
    /// Learns an unknown outcome of work that began at this time: `again` finds out, or does the work
    /// where it was not done, and is asked until it succeeds or the deadline of the work has passed.
    pub async fn ascertain<T>(
        &self,
        began: Instant,
        unknown: DatabaseError,
        again: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        tracing::warn!(%unknown, "looking whether a write was committed");
        let asking = async {
            loop {
                sleep(PAUSE).await;
                match again().await {
                    Err(Error::Database(_)) => {}
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
        let told = |kind| QueryError::DatabaseError(kind, Box::new(String::new()));
        let cases = [
            (told(Unknown), Source::Server),
            (told(UniqueViolation), Source::Server),
            (told(ClosedConnection), Source::Unclear),
            (told(UnableToSendCommand), Source::Unclear),
            (QueryError::SerializationError("odd".into()), Source::Driver),
            (QueryError::DeserializationError("odd".into()), Source::Unclear),
            (QueryError::BrokenTransactionManager, Source::Unclear),
        ];
        for (error, expected) in cases {
            assert_eq!(source(&error), expected, "{error:?}");
        }
    }
}
