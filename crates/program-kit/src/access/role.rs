//! The roles of callers.

use std::fmt;
use std::str::FromStr;

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
