//! The tokens that the upstream has issued. Pure: the clock and the new token are given.

use std::collections::HashMap;
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct Tokens {
    /// The end of each token's life.
    issued: HashMap<String, Instant>,
}

impl Tokens {
    /// Issues a token for a time; those that have expired are forgotten.
    pub(super) fn issue(&mut self, token: String, now: Instant, lifetime: Duration) {
        self.issued.retain(|_, end| *end > now);
        self.issued.insert(token, now + lifetime);
    }

    /// Returns whether a token was issued and has not expired.
    pub(super) fn are_valid(&self, token: &str, now: Instant) -> bool {
        self.issued.get(token).is_some_and(|end| *end > now)
    }

    /// Lets all tokens expire; returns how many had not.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        let valid = self.issued.values().filter(|end| **end > now).count();
        self.issued.clear();
        valid
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.issued.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_its_lifetime() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        tokens.issue("a".to_owned(), start, Duration::from_secs(60));
        assert!(tokens.are_valid("a", at(0)) && tokens.are_valid("a", at(59)));
        assert!(!tokens.are_valid("a", at(60)) && !tokens.are_valid("b", at(0)));
        tokens.issue("b".to_owned(), at(60), Duration::from_secs(60));
        assert_eq!(tokens.issued.len(), 1, "an expired one is forgotten");
        assert_eq!(tokens.expire(at(61)), 1);
        assert!(!tokens.are_valid("b", at(61)));
    }

    #[test]
    fn no_token_is_printed() {
        let mut tokens = Tokens::default();
        tokens.issue("secret".to_owned(), Instant::now(), Duration::from_secs(60));
        assert_eq!(format!("{tokens:?}"), "1 tokens");
    }
}
