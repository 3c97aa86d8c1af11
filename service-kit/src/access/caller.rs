//! Whoever sent a request.

use std::sync::Arc;

use super::{Role, Roles, Rule};

/// Somebody who was given a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name, as the settings have it.
    pub name: String,
    /// What is allowed.
    pub roles: Roles,
}

/// Whoever sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a token.
    Nobody,
    /// Somebody on this machine, where there are no tokens: may do everything.
    Anybody,
    /// Somebody with a token.
    Known(Arc<Principal>),
}

/// Why a caller may not use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is not for callers without a token.
    Unknown,
    /// None of the caller's roles is among those it is for.
    Lacks(Rule),
}

impl Caller {
    /// The name, where there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Nobody | Self::Anybody => None,
            Self::Known(principal) => Some(&principal.name),
        }
    }

    /// Whether the caller may use what this rule is for.
    pub fn check(&self, rule: Rule) -> Result<(), Denied> {
        match (rule, self) {
            (Rule::Public, _) | (Rule::Any(_), Self::Anybody) => Ok(()),
            (Rule::Any(_), Self::Nobody) => Err(Denied::Unknown),
            (Rule::Any(needed), Self::Known(principal)) => {
                let covered = |role: &Role| principal.roles.cover(*role);
                if needed.iter().any(covered) { Ok(()) } else { Err(Denied::Lacks(rule)) }
            }
        }
    }

    /// Whether the caller may.
    #[must_use]
    pub fn may(&self, rule: Rule) -> bool {
        self.check(rule).is_ok()
    }
}
