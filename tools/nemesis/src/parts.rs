//! The parts that can have faults: the processes, and the connections between them.

use std::fmt;

use shared_models::side::Side;

/// A process, or a server with all of its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The store's service.
    Store,
    /// The warehouse's service.
    Warehouse,
    /// One of the two workers.
    Worker1,
    /// The other one.
    Worker2,
    /// The broker.
    RabbitMq,
    /// The server of both databases.
    Postgres,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Store,
        Self::Warehouse,
        Self::Worker1,
        Self::Worker2,
        Self::RabbitMq,
        Self::Postgres,
    ];

    /// Those that are programs of ours.
    pub const PROGRAMS: [Self; 4] = [Self::Store, Self::Warehouse, Self::Worker1, Self::Worker2];

    /// The service of a side.
    #[must_use]
    pub const fn of(side: Side) -> Self {
        match side {
            Side::Store => Self::Store,
            Side::Warehouse => Self::Warehouse,
        }
    }

    /// The part's name, also that of its logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Warehouse => "warehouse",
            Self::Worker1 => "worker-1",
            Self::Worker2 => "worker-2",
            Self::RabbitMq => "rabbitmq",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A service outside, of somebody else. Both workers talk to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The remote whose posts and comments the store mirrors.
    Remote,
    /// The upstream from which the warehouse has operators and sites.
    Upstream,
}

impl Source {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Remote, Self::Upstream];
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Remote => "remote",
            Self::Upstream => "upstream",
        })
    }
}

/// The connections that one part makes to another. Each link has a proxy of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// The part that connects.
    pub from: Part,
    /// The part that it connects to.
    pub to: Part,
}

impl Link {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::new(Part::Store, Part::Postgres),
        Self::new(Part::Warehouse, Part::Postgres),
        Self::new(Part::Store, Part::RabbitMq),
        Self::new(Part::Warehouse, Part::RabbitMq),
        Self::new(Part::Worker1, Part::RabbitMq),
        Self::new(Part::Worker2, Part::RabbitMq),
        Self::new(Part::Worker1, Part::Store),
        Self::new(Part::Worker1, Part::Warehouse),
        Self::new(Part::Worker2, Part::Store),
        Self::new(Part::Worker2, Part::Warehouse),
    ];

    /// A link between two parts.
    #[must_use]
    pub const fn new(from: Part, to: Part) -> Self {
        Self { from, to }
    }

    /// Returns whether a worker sends a side changes here, by HTTP.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self.to, Part::Store | Part::Warehouse)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.from, self.to)
    }
}
