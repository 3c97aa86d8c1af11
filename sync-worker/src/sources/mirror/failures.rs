//! The meaning of a failure for the request that met it. Pure.

use super::super::outbound::{Failure, Reason};

/// Returns whether a service may still carry out a create to which this was the answer: a gateway gives up, or says so
/// at once. One that names a time to try again has not begun, and any other answer is that of the service itself.
pub(super) const fn may_go_on(failure: &Failure) -> bool {
    match failure.reason {
        Reason::Timeout | Reason::Closed | Reason::Status(502 | 504..) => true,
        Reason::Status(503) => failure.retry_after.is_none(),
        Reason::Status(_) | Reason::Malformed | Reason::TooLarge => false,
        Reason::ConnectTimeout | Reason::Refused | Reason::UnknownHost => false,
        Reason::Tls | Reason::Unreachable | Reason::Abandoned => false,
    }
}

/// Returns whether the same request may succeed a moment later.
pub(super) const fn may_pass(reason: Reason) -> bool {
    match reason {
        Reason::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
        Reason::Timeout | Reason::Closed | Reason::Malformed | Reason::TooLarge => true,
        Reason::ConnectTimeout | Reason::Refused | Reason::UnknownHost => true,
        Reason::Tls | Reason::Unreachable => true,
        Reason::Abandoned => false,
    }
}
