//! The users of a node and their permissions, from `deploy/rabbitmq/definitions.json`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::secret;

/// The template of the definitions, without the hashes of the passwords.
const DEFINITIONS: &str = include_str!("../../../../deploy/rabbitmq/definitions.json");

/// A user of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The administrator, a person.
    Lockstep,
    /// The store's service.
    Store,
    /// The warehouse's service.
    Warehouse,
    /// The worker.
    Worker,
}

impl User {
    const ALL: [Self; 4] = [Self::Lockstep, Self::Store, Self::Warehouse, Self::Worker];

    /// Returns the user's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Store => "store",
            Self::Warehouse => "warehouse",
            Self::Worker => "worker",
        }
    }
}

/// The password of each user.
#[derive(Clone)]
pub struct Passwords {
    /// The password of [`User::Lockstep`].
    pub lockstep: String,
    /// The password of [`User::Store`].
    pub store: String,
    /// The password of [`User::Warehouse`].
    pub warehouse: String,
    /// The password of [`User::Worker`].
    pub worker: String,
}

impl Passwords {
    /// Generates new passwords.
    #[must_use]
    pub fn random() -> Self {
        let [lockstep, store, warehouse, worker] = std::array::from_fn(|_| secret::random());
        Self { lockstep, store, warehouse, worker }
    }

    pub(super) fn of(&self, user: User) -> &str {
        match user {
            User::Lockstep => &self.lockstep,
            User::Store => &self.store,
            User::Warehouse => &self.warehouse,
            User::Worker => &self.worker,
        }
    }

    /// Returns a user's URL of the vhost `/` of a node.
    #[must_use]
    pub fn url(&self, user: User, port: u16) -> String {
        format!("amqp://{}:{}@127.0.0.1:{port}/%2f", user.as_str(), self.of(user))
    }

    /// Returns the definitions that the node imports at each start, so that these passwords are
    /// valid from then on.
    pub(super) fn definitions(&self) -> String {
        User::ALL.iter().fold(DEFINITIONS.to_owned(), |definitions, user| {
            let missing = format!("@{}_PASSWORD_HASH@", user.as_str().to_uppercase());
            definitions.replace(&missing, &hash(secret::salt(), self.of(*user)))
        })
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

/// Hashes a password as RabbitMQ does.
fn hash(salt: [u8; 4], password: &str) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(password).finalize();
    STANDARD.encode([salt.as_slice(), &hash].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hashed_as_rabbitmq_does_it() {
        // The example of RabbitMQ's own documentation.
        let salt = [0x90, 0x8d, 0xc6, 0x0a];
        assert_eq!(hash(salt, "test12"), "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
    }

    #[test]
    fn no_hash_is_missing_where_there_are_passwords() {
        let definitions = Passwords::random().definitions();
        assert!(!definitions.contains('@'), "{definitions}");
    }
}
