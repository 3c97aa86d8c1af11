//! The meanings of some of RabbitMQ's refusals.

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use service_kit::broker::BrokerError;

/// Returns whether the declared item exists with other arguments: another program declared it, or
/// an earlier version.
#[must_use]
pub fn is_unlike(error: &BrokerError) -> bool {
    refusal(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

/// Returns whether another connection holds the queue exclusively.
#[must_use]
pub fn is_locked(error: &BrokerError) -> bool {
    refusal(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// Returns whether RabbitMQ itself got no answer, as from a queue without a process.
#[must_use]
pub fn is_internal(error: &BrokerError) -> bool {
    let hard = [AMQPHardError::INTERNALERROR, AMQPHardError::RESOURCEERROR];
    refusal(error).is_some_and(|kind| hard.map(AMQPErrorKind::Hard).contains(kind))
}

fn refusal(error: &BrokerError) -> Option<&AMQPErrorKind> {
    let BrokerError::Lapin(error) = error else { return None };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
    Some(refusal.kind())
}
