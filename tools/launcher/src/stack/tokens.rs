//! The tokens of a stack with access control: one for each role.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret;

/// The tokens. They are made once and kept with the passwords, and are in force if the stack is
/// started with access control.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Tokens {
    pub(super) read: String,
    pub(super) write: String,
    pub(super) sync: String,
    pub(super) admin: String,
}

impl Default for Tokens {
    fn default() -> Self {
        let [read, write, sync, admin] = std::array::from_fn(|_| random());
        Self { read, write, sync, admin }
    }
}

impl Tokens {
    /// Returns the settings by which a program knows the tokens; their names begin with `prefix`.
    pub(super) fn settings(&self, prefix: &str) -> Vec<(String, String)> {
        let tokens = [
            ("READER", "read", &self.read),
            ("WRITER", "write", &self.write),
            ("WORKER", "sync", &self.sync),
            ("ADMIN", "admin", &self.admin),
        ];
        let setting = |(name, role, token): (&str, &str, &String)| {
            (format!("{prefix}__ACCESS__TOKENS__{name}"), format!("{role} sha256:{}", hash(token)))
        };
        tokens.map(setting).into()
    }

    /// Returns the lines for the file that a shell reads.
    pub(super) fn lines(&self) -> [(&'static str, &String); 4] {
        [
            ("READ_TOKEN", &self.read),
            ("WRITE_TOKEN", &self.write),
            ("SYNC_TOKEN", &self.sync),
            ("ADMIN_TOKEN", &self.admin),
        ]
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

fn random() -> String {
    format!("lockstep_{}", URL_SAFE_NO_PAD.encode(secret::bytes()))
}

fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_to_the_programs_by_its_hash() {
        let tokens = Tokens { read: "test".to_owned(), ..Tokens::default() };
        let settings = tokens.settings("STORE");
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let (name, value) = &settings[0];
        assert_eq!(name, "STORE__ACCESS__TOKENS__READER");
        assert_eq!(*value, format!("read sha256:{hash}"));
        let all = format!("{settings:?}");
        assert!(tokens.lines().iter().all(|(_, token)| !all.contains(token.as_str())), "{all}");
    }

    #[test]
    fn a_token_has_43_signs_of_its_own() {
        let tokens = Tokens::default();
        for (_, token) in tokens.lines() {
            assert_eq!(token.strip_prefix("lockstep_").map(str::len), Some(43), "{token}");
        }
        assert_ne!(tokens.read, tokens.write);
    }
}
