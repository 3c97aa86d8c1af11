//! The one error type of the services, and its mapping to a status.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use program_kit::http::problem::{FieldError, Kind, Problem};
use shared_models::edit::Refusal;
use thiserror::Error;
use uuid::Uuid;

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
    /// No order has this id.
    #[error("there is no order {0}")]
    Unknown(Uuid),
    /// The order's current state does not allow the change.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Other orders have these ids already.
    #[error("ids are taken: {0:?}")]
    Taken(Vec<FieldError>),
    /// A concurrent write came first; nothing is written.
    #[error("the same orders were changed at the same time")]
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
            Self::Request(problem) => problem.clone(),
            Self::Invalid(errors) => Problem::of_fields(Kind::Invalid, errors.clone()),
            Self::Unknown(_) => Problem::new(Kind::NotFound, self.to_string()),
            Self::Refused(refusal) => refused(refusal),
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
                Problem::unavailable("too many callers read lists at the same time; try again")
            }
            // The inside of an error is logged here, once, and not sent. (Of a failed step of an offer,
            // or of the relay, the state that callers may read has it.)
            Self::Database(DatabaseError::Query(error)) => {
                tracing::error!(%error, "the database refused a statement");
                Problem::new(
                    Kind::Internal,
                    "internal error; the log of this program has the reason",
                )
            }
        }
    }
}

/// The detail of an unknown outcome. No advice to retry, and no `Retry-After`: the caller has to
/// look first.
const OUTCOME_UNKNOWN: &str = "the database did not say in time whether this was written: it may \
    have been; look at what it was about (of an order, its version and its history) before asking \
    for it again";

fn refused(refusal: &Refusal) -> Problem {
    let problem = Problem::new(Kind::Conflict, refusal.to_string());
    match refusal {
        Refusal::IllegalMove { legal, .. } => problem.with("legal", serde_json::json!(legal)),
        Refusal::DeliveryClosed { .. }
        | Refusal::LineAdded { .. }
        | Refusal::CarrierTooEarly
        | Refusal::CarrierByStore => problem,
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.problem().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().error_response()
    }
}
