//! `[access]`: tokens and roles.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Roles, TokenHash};

/// The longest name of a principal.
const MAX_NAME: usize = 64;

/// `[access]`: tokens and roles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSettings {
    /// The tokens, by the names of their principals.
    #[serde(default)]
    pub tokens: Tokens,
}

impl AccessSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("access.toml");
}

/// The tokens, by the names of their principals.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Tokens(BTreeMap<String, KnownToken>);

/// A configured token.
#[derive(Clone, Copy, Debug)]
pub struct KnownToken {
    /// The roles that it gives.
    pub roles: Roles,
    /// The hash by which it is recognized.
    pub hash: TokenHash,
}

impl Tokens {
    /// Returns each token with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KnownToken)> {
        self.0.iter().map(|(name, known)| (name.as_str(), known))
    }
}

impl TryFrom<BTreeMap<String, String>> for Tokens {
    type Error = String;

    /// Parses the entries. An error never repeats the value, which may be a token, put there by
    /// mistake.
    fn try_from(texts: BTreeMap<String, String>) -> Result<Self, String> {
        let read = |(name, text): (String, String)| {
            check_name(&name)?;
            let known =
                known(&text).map_err(|problem| format!("access.tokens.{name}: {problem}"))?;
            Ok((name, known))
        };
        texts.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// Checks a name, which may be part of an environment variable's name, and occurs in logs and
/// histories.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    match (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(format!(
            "expected a token's name of 1 to {MAX_NAME} lowercase letters, digits, _ and -; \
             found {name:?}"
        )),
    }
}

fn known(text: &str) -> Result<KnownToken, String> {
    let expected = || "expected ROLE[,ROLE] sha256:HEX, as printed by `token new`".to_owned();
    let (roles, hash) = text.trim().rsplit_once(' ').ok_or_else(expected)?;
    let roles = roles.parse::<Roles>()?;
    Ok(KnownToken { roles, hash: hash.parse::<TokenHash>().map_err(|()| expected())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn read(name: &str, text: &str) -> Result<Tokens, String> {
        Tokens::try_from(BTreeMap::from([(name.to_owned(), text.to_owned())]))
    }

    #[test]
    fn roles_and_hash_are_read() {
        let tokens = read("the_shop-2", &format!("write,sync {HASH}")).unwrap();
        let (name, known) = tokens.iter().next().unwrap();
        assert_eq!((name, known.roles.to_string().as_str()), ("the_shop-2", "write,sync"));
        assert!(known.hash.is(&TokenHash::of("test")));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_never_repeated() {
        let hunter = HASH.replace("9f86", "hunter2");
        let cases = [
            ("shop", HASH.to_owned()),
            ("shop", "write hunter2".to_owned()),
            ("shop", format!("hunter2 {HASH}")),
            ("shop", format!("write {hunter}")),
            ("shop", "hunter2".to_owned()),
            ("shop", String::new()),
        ];
        for (name, text) in cases {
            let refusal = read(name, &text).unwrap_err();
            assert!(refusal.contains("access.tokens.shop"), "{text}: {refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        for name in ["", "The Shop", "shop\n", &"x".repeat(65)] {
            assert!(read(name, &format!("read {HASH}")).is_err(), "{name}");
        }
    }
}
