//! The meanings of some of RabbitMQ's refusals.

use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};
use program_kit::broker::BrokerError;

/// Returns whether the declared item exists with other arguments: another program declared it, or
/// an earlier version.
#[must_use]
pub fn is_unlike(error: &BrokerError) -> bool {
    kind(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

/// Returns whether another connection holds the queue exclusively.
#[must_use]
pub fn is_locked(error: &BrokerError) -> bool {
    kind(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// Returns whether RabbitMQ itself got no answer, as from a queue without a process, or says that a
/// queue which exists cannot be reached.
#[must_use]
pub fn is_internal(error: &BrokerError) -> bool {
    let kinds = [
        AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR),
        AMQPErrorKind::Hard(AMQPHardError::RESOURCEERROR),
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND),
    ];
    !error.is_not_found() && kind(error).is_some_and(|kind| kinds.contains(kind))
}

fn kind(error: &BrokerError) -> Option<&AMQPErrorKind> {
    error.refusal().map(AMQPError::kind)
}
