//! The signals by which a worker is stopped: first asked to end, then to hurry.

use tokio_util::sync::CancellationToken;

/// The two signals that stop a worker.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Asks to take nothing new, and to finish the batch in hand.
    pub asked: CancellationToken,
    /// Asks to give back the batch in hand: the peer has had its time to answer.
    pub hurry: CancellationToken,
}
