//! Fault switches for guards, to show that the nemesis notices a missing one (`deploy/nemesis
//! --without`).
//!
//! The switches exist only with the feature `fault-switches`, which only that command enables:
//! without it every guard is on, and no program contains the switch. A test checks that.

use crate::merge::Merged;
use crate::order::{Shared, Touched};
use crate::sync::OrderChange;

/// A guard that a promise depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A change leaves the outbox when RabbitMQ has confirmed it, and it was not returned.
    Confirms,
    /// An older revision does not replace a newer one.
    Fence,
    /// A change and its row in the outbox are committed together.
    Outbox,
    /// A message is acknowledged after the peer has the change.
    Ack,
}

impl Guard {
    /// Returns whether the guard is switched off.
    #[cfg(not(feature = "fault-switches"))]
    #[must_use]
    pub const fn is_off(self) -> bool {
        false
    }

    /// Returns whether the guard is switched off.
    #[cfg(feature = "fault-switches")]
    #[must_use]
    pub fn is_off(self) -> bool {
        let name = match self {
            Self::Confirms => "confirms",
            Self::Fence => "fence",
            Self::Outbox => "outbox",
            Self::Ack => "ack",
        };
        std::env::var("LOCKSTEP_FAULT_SWITCH").is_ok_and(|without| without == name)
    }
}

/// Replaces [`crate::merge::merge`] where the fence is switched off: the incoming change always
/// wins.
#[must_use]
pub fn overwrite(here: &Shared, change: &OrderChange) -> Merged {
    let progress = change.progress.clone().unwrap_or_else(|| here.progress.clone());
    let shared = Shared { delivery: change.delivery.clone(), progress };
    let touched = Touched::new(
        shared.delivery.revision != here.delivery.revision,
        shared.progress.revision != here.progress.revision,
    );
    Merged { shared, touched, conflicts: vec![], set_back: false, is_own_change: false }
}
