//! What a direction is doing.

/// What a direction is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no connection to RabbitMQ, or not all that it needs there; it keeps trying.
    Connecting(Option<String>),
    /// A queue of it is not there, and the source is to offer its orders before it is made anew.
    AskingForOffer(Option<String>),
    /// The peer takes nothing, for this reason; messages stay in the queue.
    WaitingForPeer(Option<String>),
    /// It carries what comes.
    Consuming,
    /// The worker is ending.
    Stopped,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&'static str; 5] =
        ["connecting", "asking for an offer", "waiting for the peer", "consuming", "stopped"];

    /// The state's name, as a person reads it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting(_) => "connecting",
            Self::AskingForOffer(_) => "asking for an offer",
            Self::WaitingForPeer(_) => "waiting for the peer",
            Self::Consuming => "consuming",
            Self::Stopped => "stopped",
        }
    }

    /// Why it is in this state, where something is amiss.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Connecting(reason)
            | Self::AskingForOffer(reason)
            | Self::WaitingForPeer(reason) => reason.as_deref(),
            Self::Consuming | Self::Stopped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{AskingForOffer, Connecting, Consuming, Stopped, WaitingForPeer};
    use super::*;

    #[test]
    fn every_state_has_a_name_among_the_names() {
        let all =
            [Connecting(None), AskingForOffer(None), WaitingForPeer(None), Consuming, Stopped];
        assert_eq!(all.map(|state| state.as_str()), State::NAMES);
    }
}
