//! The states of a direction.

/// The state of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No connection to RabbitMQ yet, or something is missing there; the carrier keeps trying.
    Connecting(Option<String>),
    /// A queue is missing, and the source is asked for an offer before the queue is declared.
    AskingForOffer(Option<String>),
    /// The peer takes no changes, for this reason; messages stay in the queue.
    WaitingForPeer(Option<String>),
    /// Messages are carried as they come.
    Consuming,
    /// The worker is ending.
    Stopped,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&'static str; 5] =
        ["connecting", "asking for an offer", "waiting for the peer", "consuming", "stopped"];

    /// Returns the state's name, as shown to people.
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

    /// Returns the reason for the state, if something is amiss.
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
