//! Which callers a route is for.

use super::Role;

/// Which callers a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// For all, also without a token.
    Public,
    /// For callers with any of these roles.
    Any(&'static [Role]),
}

impl Rule {
    /// For those who look.
    pub const READ: Self = Self::Any(&[Role::Read]);
    /// For those who place and change orders.
    pub const WRITE: Self = Self::Any(&[Role::Write]);
    /// For the worker.
    pub const SYNC: Self = Self::Any(&[Role::Sync]);
    /// For those who look after the system.
    pub const ADMIN: Self = Self::Any(&[Role::Admin]);
    /// For those who look, and the worker.
    pub const READ_OR_SYNC: Self = Self::Any(&[Role::Read, Role::Sync]);
    /// For the worker, and those who look after the system.
    pub const SYNC_OR_ADMIN: Self = Self::Any(&[Role::Sync, Role::Admin]);

    /// The roles as they are told: `read or sync`; for all it is `public`.
    #[must_use]
    pub fn told(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Any(roles) => {
                roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}
