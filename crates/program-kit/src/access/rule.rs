//! The rules about who may use a route.

use super::Role;

/// The rule about who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Permits all callers, even without a token.
    Public,
    /// Permits callers with any of these roles.
    Any(&'static [Role]),
}

impl Rule {
    /// The rule for readers.
    pub const READ: Self = Self::Any(&[Role::Read]);
    /// The rule for callers that place and change orders.
    pub const WRITE: Self = Self::Any(&[Role::Write]);
    /// The rule for the worker.
    pub const SYNC: Self = Self::Any(&[Role::Sync]);
    /// The rule for administrators.
    pub const ADMIN: Self = Self::Any(&[Role::Admin]);
    /// The rule for readers and the worker.
    pub const READ_OR_SYNC: Self = Self::Any(&[Role::Read, Role::Sync]);
    /// The rule for the worker and administrators.
    pub const SYNC_OR_ADMIN: Self = Self::Any(&[Role::Sync, Role::Admin]);

    /// Returns the roles as text, such as `read or sync`, or `public`.
    #[must_use]
    pub fn role_names(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Any(roles) => {
                roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}
