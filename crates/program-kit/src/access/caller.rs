//! The caller of a request.

use std::sync::Arc;

use super::{Role, Roles, Rule};

/// The holder of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name, as in the settings.
    pub name: String,
    /// The roles that the token gives.
    pub roles: Roles,
}

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A caller without a token.
    Nobody,
    /// A caller on this machine, where no tokens are configured: everything is permitted.
    Anybody,
    /// A caller with a token.
    Known(Arc<Principal>),
}

/// The reason why a caller may not use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The route needs a token.
    Unknown,
    /// The caller has none of the roles that the route needs.
    Lacks(Rule),
}

impl Caller {
    /// Returns the caller's name, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Nobody | Self::Anybody => None,
            Self::Known(principal) => Some(&principal.name),
        }
    }

    /// Fails unless this rule permits the caller.
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

    /// Returns whether this rule permits the caller.
    #[must_use]
    pub fn may(&self, rule: Rule) -> bool {
        self.check(rule).is_ok()
    }
}
