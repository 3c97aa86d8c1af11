//! How a worker that is to end is told so: first asked, then hurried.

use tokio_util::sync::CancellationToken;

/// What tells it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Take nothing new, finish what is in hand.
    pub asked: CancellationToken,
    /// Give back what is in hand: the peer has had its time to answer.
    pub hurry: CancellationToken,
}
