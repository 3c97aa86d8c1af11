//! The faults of a part, of a link, and of the broker's topology.

use std::fmt;

use shared_models::side::{Direction, Side};

use super::parts::{Link, Part};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A part is struck.
    Part(Blow, Part),
    /// A link is in trouble.
    Link(Trouble, Link),
    /// Somebody deletes something in RabbitMQ.
    Loss(Loss, Direction),
    /// The connections of a link are reset once, each with an answer; new ones are taken at once.
    Reset(Link),
    /// RabbitMQ's memory alarm is raised, so that it blocks whoever publishes.
    Alarm,
    /// Some orders of a side are put back to what an earlier look at the table had.
    SetBack(Side),
}

/// A fault of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blow {
    /// SIGKILL, all processes of it; started again afterwards.
    Kill,
    /// SIGSTOP, all processes of it; SIGCONT afterwards.
    Freeze,
    /// Asked to stop; started again afterwards.
    Restart,
}

/// A fault of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Connections are reset, new ones refused.
    Cut,
    /// Nothing gets through, and nobody is told; what was under way arrives afterwards.
    BlackHole,
    /// Everything comes late.
    Slow,
    /// The peer answers 500 to changes, and has not taken them.
    Fails,
    /// The peer takes the request, and never answers.
    Hangs,
    /// The peer takes the changes, then answers 500.
    FailsAfterApplying,
    /// The peer takes the changes, then breaks off.
    CutsAfterApplying,
}

/// A thing that is deleted in RabbitMQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The binding of a sync queue.
    Binding,
    /// A sync queue, with what is in it.
    Queue,
    /// The messages of a sync queue; the queue stays.
    Messages,
    /// The Raft process of a sync queue: the queue stays, and answers nothing.
    Process,
}

impl Blow {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kill, Self::Freeze, Self::Restart];
}

impl Trouble {
    /// The faults that any link can have.
    pub const OF_ANY: [Self; 3] = [Self::Cut, Self::BlackHole, Self::Slow];
    /// The events that can happen besides, where a worker tells a side changes.
    pub const OF_HTTP: [Self; 4] =
        [Self::Fails, Self::Hangs, Self::FailsAfterApplying, Self::CutsAfterApplying];

    /// Returns whether the fault is about requests, not about bytes.
    #[must_use]
    pub const fn is_http(self) -> bool {
        match self {
            Self::Cut | Self::BlackHole | Self::Slow => false,
            Self::Fails | Self::Hangs | Self::FailsAfterApplying | Self::CutsAfterApplying => true,
        }
    }
}

impl Loss {
    /// Deletions after which something is missing from the topology.
    const OF_TOPOLOGY: [Self; 2] = [Self::Binding, Self::Queue];
    /// Deletions after which the topology looks complete.
    const WITHIN_A_QUEUE: [Self; 2] = [Self::Messages, Self::Process];
}

impl Fault {
    /// Every fault there is. Newer kinds stand at the end: without them, a seed gives the schedule
    /// that it gave before there were any.
    pub fn all() -> impl Iterator<Item = Self> {
        let parts = Part::ALL.into_iter();
        let blows = parts.flat_map(|part| Blow::ALL.map(|blow| Self::Part(blow, part)));
        let links = Link::ALL.into_iter();
        let troubles =
            links.flat_map(|link| Trouble::OF_ANY.map(|trouble| Self::Link(trouble, link)));
        let links = Link::ALL.into_iter().filter(|link| link.is_http());
        let answers =
            links.flat_map(|link| Trouble::OF_HTTP.map(|trouble| Self::Link(trouble, link)));
        let losses = losses(Loss::OF_TOPOLOGY);
        let older = blows.chain(troubles).chain(answers).chain(losses);
        let resets = Link::ALL.into_iter().map(Self::Reset);
        let set_backs = Side::ALL.into_iter().map(Self::SetBack);
        let newer = resets.chain([Self::Alarm]).chain(self::losses(Loss::WITHIN_A_QUEUE));
        older.chain(newer).chain(set_backs)
    }

    /// The kind of the fault, whatever it happens to.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Part(Blow::Kill, _) => "kill",
            Self::Part(Blow::Freeze, _) => "freeze",
            Self::Part(Blow::Restart, _) => "restart",
            Self::Link(Trouble::Cut, _) => "cut",
            Self::Link(Trouble::BlackHole, _) => "black hole",
            Self::Link(Trouble::Slow, _) => "slow",
            Self::Link(Trouble::Fails, _) => "answer 500",
            Self::Link(Trouble::Hangs, _) => "hang",
            Self::Link(Trouble::FailsAfterApplying, _) => "apply, answer 500",
            Self::Link(Trouble::CutsAfterApplying, _) => "apply, break off",
            Self::Loss(Loss::Binding, _) => "delete binding",
            Self::Loss(Loss::Queue, _) => "delete queue",
            Self::Loss(Loss::Messages, _) => "purge",
            Self::Loss(Loss::Process, _) => "deaf queue",
            Self::Reset(_) => "reset",
            Self::Alarm => "alarm",
            Self::SetBack(_) => "set back",
        }
    }

    /// The faults of these kinds, all of them where none is named; else the kind that there is not.
    pub fn of_kinds(kinds: &[String]) -> Result<Vec<Self>, String> {
        if let Some(unknown) = kinds.iter().find(|kind| !Self::all().any(|it| it.kind() == **kind))
        {
            return Err(format!("there is no fault {unknown:?}"));
        }
        let wanted =
            |fault: &Self| kinds.is_empty() || kinds.iter().any(|kind| *kind == fault.kind());
        Ok(Self::all().filter(wanted).collect())
    }

    /// To whom it happens.
    #[must_use]
    pub const fn target(self) -> Target {
        match self {
            Self::Part(_, part) => Target::Part(part),
            Self::Link(_, link) => Target::Link(link),
            Self::Reset(link) => Target::Connections(link),
            Self::Alarm => Target::Part(Part::RabbitMq),
            Self::SetBack(side) => Target::Orders(side),
            Self::Loss(_, direction) => Target::Direction(direction),
        }
    }
}

fn losses(losses: [Loss; 2]) -> impl Iterator<Item = Fault> {
    let of = move |direction| losses.map(|loss| Fault::Loss(loss, direction));
    Direction::ALL.into_iter().flat_map(of)
}

/// To whom a fault happens; to one, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A part.
    Part(Part),
    /// A link.
    Link(Link),
    /// The connections of a link. They may be reset while the link is in trouble: on a slow one,
    /// more is under way.
    Connections(Link),
    /// A direction's queue and binding.
    Direction(Direction),
    /// The orders of a side.
    Orders(Side),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => part.fmt(f),
            Self::Link(link) | Self::Connections(link) => link.fmt(f),
            Self::Direction(direction) => direction.fmt(f),
            Self::Orders(side) => write!(f, "orders of the {side}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.target())
    }
}
