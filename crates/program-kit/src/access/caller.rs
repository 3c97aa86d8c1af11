//! The caller of a request, the roles that its token gives, and the rule that a route has about
//! them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

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

/// A role that a caller has, or that a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Permits reading.
    Read,
    /// Permits placing and changing orders, and reading.
    Write,
    /// Permits what the worker does at a side, and nothing else.
    Sync,
    /// Permits managing parked changes, pausing and resuming, and writing.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Sync, Self::Admin];

    /// Returns the role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Admin => "admin",
        }
    }

    /// Returns whether this role permits what needs the `needed` one.
    #[must_use]
    pub const fn covers(self, needed: Self) -> bool {
        match self {
            Self::Read => matches!(needed, Self::Read),
            Self::Write => matches!(needed, Self::Read | Self::Write),
            Self::Sync => matches!(needed, Self::Sync),
            Self::Admin => matches!(needed, Self::Read | Self::Write | Self::Admin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == name);
        found.ok_or_else(|| "expected roles out of read, write, sync, admin".to_owned())
    }
}

/// The roles of a caller: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles([bool; Role::ALL.len()]);

impl Roles {
    /// Returns whether one of them covers the role.
    #[must_use]
    pub fn cover(self, needed: Role) -> bool {
        self.each().any(|role| role.covers(needed))
    }

    /// Returns whether one of them is exactly this role.
    #[must_use]
    pub fn has(self, wanted: Role) -> bool {
        self.each().any(|role| role == wanted)
    }

    fn each(self) -> impl Iterator<Item = Role> {
        let given = self.0.into_iter().zip(Role::ALL);
        given.filter_map(|(given, role)| given.then_some(role))
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(Role::ALL.map(|each| each == role))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.each().map(Role::as_str).collect::<Vec<_>>();
        f.write_str(&names.join(","))
    }
}

/// Parses `read,sync`.
impl FromStr for Roles {
    type Err = String;

    fn from_str(names: &str) -> Result<Self, String> {
        let given = names.split(',').map(|name| name.trim().parse::<Role>());
        let given = given.collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Role::ALL.map(|role| given.contains(&role))))
    }
}
