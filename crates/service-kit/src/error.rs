//! The one error type of the services, and its mapping to a status.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use program_kit::http::problem::{FieldError, Kind, Problem};
use thiserror::Error;

use crate::database::DatabaseError;

/// The reason why a request failed.
#[derive(Debug, Error)]
pub enum Error {
    /// The request is malformed, or not for this resource; found before anything was done.
    #[error("{0}")]
    Request(#[from] Problem),
    /// Fields of the request are invalid.
    #[error("invalid fields: {0:?}")]
    Invalid(Vec<FieldError>),
    /// There is no such record: the name of its resource, and its key.
    #[error("no {0} {1} exists")]
    Unknown(&'static str, String),
    /// The record's current state does not allow the change.
    #[error("{0}")]
    Refused(Problem),
    /// Other records have these keys already.
    #[error("these ids already exist: {0:?}")]
    Taken(Vec<FieldError>),
    /// A concurrent write came first; nothing is written.
    #[error("another request changed the same records at the same time")]
    Overtaken,
    /// The database failed.
    #[error("{0}")]
    Database(#[from] DatabaseError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    fn problem(&self) -> Problem {
        match self {
            Self::Request(problem) | Self::Refused(problem) => problem.clone(),
            Self::Invalid(errors) => Problem::of_fields(Kind::Invalid, errors.clone()),
            Self::Unknown(..) => Problem::new(Kind::NotFound, self.to_string()),
            Self::Taken(errors) => Problem::of_fields(Kind::Conflict, errors.clone()),
            Self::Overtaken => Problem::unavailable(format!("{self}; try again")),
            Self::Database(DatabaseError::Unavailable(reason)) => {
                tracing::warn!(reason, "the database is not available");
                Problem::unavailable("the database is not available; try again")
            }
            Self::Database(DatabaseError::OutcomeUnknown(reason)) => {
                tracing::warn!(reason, "the outcome of a write is unknown");
                Problem::new(Kind::OutcomeUnknown, OUTCOME_UNKNOWN)
            }
            Self::Database(DatabaseError::TooManyReaders) => {
                Problem::unavailable("too many requests read lists at the same time; try again")
            }
            // The inside of an error is logged here, once, and not sent. (Of a failed step of an offer,
            // or of the relay, the state that callers may read has it.)
            Self::Database(DatabaseError::Query(error)) => {
                tracing::error!(%error, "the database refused a statement");
                internal()
            }
        }
    }
}

/// Returns the problem of an error whose cause has been logged.
#[must_use]
pub fn internal() -> Problem {
    Problem::new(Kind::Internal, "internal error; see the log of the service for the cause")
}

/// Returns the error of an event in the log that cannot be parsed, and logs which.
#[must_use]
pub fn unreadable_event(seq: i64, error: &serde_json::Error) -> Error {
    tracing::error!(%error, seq, "a stored event cannot be parsed");
    let detail = "a stored event cannot be parsed; see the log of the service for which";
    Error::Request(Problem::new(Kind::Internal, detail))
}

/// The detail of an unknown outcome. No advice to retry, and no `Retry-After`: the caller has to
/// look first.
const OUTCOME_UNKNOWN: &str = "the database did not confirm in time that this was written, so it may \
    have been; read the record (its version, its history) before you send \
    the request again";

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.problem().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().error_response()
    }
}
