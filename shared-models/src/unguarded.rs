//! Guards that can be switched off, to show that the nemesis notices (`deploy/nemesis --without`).
//!
//! Only where the feature `unguarded` is on, which nothing asks for but that command: without it
//! every guard is on, and no program contains the switch. A test looks.

use crate::merge::Merged;
use crate::order::{Shared, Touched};
use crate::sync::OrderChange;

/// What a promise rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A change leaves the outbox when RabbitMQ has confirmed it, and it was not returned.
    Confirms,
    /// An older revision does not replace a newer one.
    Fence,
    /// A change and its row in the outbox are committed together.
    Outbox,
    /// A message is acknowledged after the peer was told.
    Ack,
}

impl Guard {
    /// Whether it is switched off.
    #[cfg(not(feature = "unguarded"))]
    #[must_use]
    pub const fn is_off(self) -> bool {
        false
    }

    /// Whether it is switched off.
    #[cfg(feature = "unguarded")]
    #[must_use]
    pub fn is_off(self) -> bool {
        let name = match self {
            Self::Confirms => "confirms",
            Self::Fence => "fence",
            Self::Outbox => "outbox",
            Self::Ack => "ack",
        };
        std::env::var("LOCKSTEP_UNGUARDED").is_ok_and(|without| without == name)
    }
}

/// What [`crate::merge::merge`] would be without the fence: whatever arrives stands.
#[must_use]
pub fn overwrite(here: &Shared, change: &OrderChange) -> Merged {
    let progress = change.progress.clone().unwrap_or_else(|| here.progress.clone());
    let shared = Shared { delivery: change.delivery.clone(), progress };
    let touched = Touched::new(
        shared.delivery.revision != here.delivery.revision,
        shared.progress.revision != here.progress.revision,
    );
    Merged { shared, touched, conflicts: vec![], put_back: false, is_own_change: false }
}
