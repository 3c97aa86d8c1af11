//! What RabbitMQ means by some of its refusals.

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use service_kit::broker::BrokerError;

/// Whether RabbitMQ says that what was declared is there with other arguments: somebody else made
/// it, or a version that wanted others.
#[must_use]
pub fn is_unlike(error: &BrokerError) -> bool {
    refusal(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
}

/// Whether another connection has a queue for itself.
#[must_use]
pub fn is_locked(error: &BrokerError) -> bool {
    refusal(error) == Some(&AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// Whether RabbitMQ got no answer itself from what was asked, as from a queue without a process.
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
