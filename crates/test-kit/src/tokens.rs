//! A token for each role.

use std::collections::BTreeMap;

use program_kit::access::{AccessSettings, Role, Token, Tokens};

/// A token for each role; its name is the role's.
#[derive(Clone, Debug)]
pub struct TestTokens([Token; Role::ALL.len()]);

impl TestTokens {
    /// Generates new tokens.
    #[must_use]
    pub fn random() -> Self {
        Self(Role::ALL.map(|_| Token::random().unwrap()))
    }

    /// Returns the token with this role.
    #[must_use]
    pub fn of(&self, role: Role) -> &Token {
        let mut each = Role::ALL.into_iter().zip(&self.0);
        each.find_map(|(its, token)| (its == role).then_some(token)).unwrap()
    }

    /// Returns all tokens.
    pub fn all(&self) -> impl Iterator<Item = &Token> {
        self.0.iter()
    }

    /// Returns the environment variables for a program that knows them, such as
    /// `ACCESS__TOKENS__READ`.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let names = self.known().into_iter();
        names.map(|(name, known)| (format!("ACCESS__TOKENS__{}", name.to_uppercase()), known))
    }

    /// Returns the settings for a program in this process.
    #[must_use]
    pub fn settings(&self) -> AccessSettings {
        AccessSettings { tokens: Tokens::try_from(self.known()).unwrap() }
    }

    fn known(&self) -> BTreeMap<String, String> {
        let each = Role::ALL.into_iter().zip(&self.0);
        each.map(|(role, token)| (role.to_string(), format!("{role} {}", token.hash()))).collect()
    }
}
