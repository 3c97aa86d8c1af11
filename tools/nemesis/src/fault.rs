//! The faults of a process, of a link, of the broker's topology, and of a source.

use std::fmt;

use shared_models::side::{Direction, Side};

use super::parts::{Link, Part, Source};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A process is killed, frozen or restarted.
    Process(ProcessFault, Part),
    /// A link does not work as it should.
    Link(LinkFault, Link),
    /// A sync queue, or something of it, is deleted, or it does not answer.
    Queue(QueueFault, Direction),
    /// The connections of a link are reset once, each with an answer; new ones are taken at once.
    Reset(Link),
    /// RabbitMQ's memory alarm is raised, so that it blocks whoever publishes.
    Alarm,
    /// Some orders of a side are put back to what an earlier look at the table had.
    SetBack(Side),
    /// A service outside fails, or is not reached.
    Source(SourceFault, Source),
}

/// A fault of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcessFault {
    /// SIGKILL, all processes of it; started again afterwards.
    Kill,
    /// SIGSTOP, all processes of it; SIGCONT afterwards.
    Freeze,
    /// Asked to stop; started again afterwards.
    Restart,
}

/// A fault of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkFault {
    /// Connections are reset, new ones refused.
    Cut,
    /// Nothing gets through, and no connection is closed; what was under way arrives afterwards.
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

/// A fault of a sync queue: what is deleted, or suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueFault {
    /// The binding of a sync queue.
    Binding,
    /// A sync queue, with what is in it.
    Queue,
    /// The messages of a sync queue; the queue stays.
    Messages,
    /// The Raft process of a sync queue: the queue stays, and answers nothing.
    Process,
}

/// A fault of a source, for both workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceFault {
    /// Connections are reset, new ones refused.
    Outage,
    /// Nothing gets through, and what was under way is lost.
    BlackHole,
    /// Everything comes late.
    Slow,
    /// The connections are reset once, each with an answer; new ones are taken at once.
    Reset,
    /// The source takes requests, and neither carries them out nor answers.
    Hangs,
    /// The source answers 500, and has done nothing.
    Fails,
    /// The source answers 503, and has done nothing.
    Unavailable,
    /// The source does what it is asked for, then breaks off.
    LosesAnswers,
    /// The source takes a few requests in a second, and answers 429 to the others.
    LimitsRate,
    /// The source breaks off in the middle of what is read there.
    CutsLists,
    /// The remote creates a record only some time after it was asked to, when nobody waits any more.
    CreatesLate,
    /// The tokens that it has issued expire, again and again.
    ExpiresTokens,
}

impl SourceFault {
    /// The faults of a source.
    fn of(source: Source) -> impl Iterator<Item = Self> {
        let any = [
            Self::Outage,
            Self::BlackHole,
            Self::Slow,
            Self::Reset,
            Self::Hangs,
            Self::Fails,
            Self::Unavailable,
            Self::LosesAnswers,
            Self::LimitsRate,
            Self::CutsLists,
        ];
        let own = match source {
            Source::Remote => Self::CreatesLate,
            Source::Upstream => Self::ExpiresTokens,
        };
        any.into_iter().chain([own])
    }
}

impl ProcessFault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kill, Self::Freeze, Self::Restart];
}

impl LinkFault {
    /// The faults that any link can have.
    pub const OF_ANY: [Self; 3] = [Self::Cut, Self::BlackHole, Self::Slow];
    /// The faults that a link can have besides, over which a worker sends changes to a side.
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

impl QueueFault {
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
        let processes =
            parts.flat_map(|part| ProcessFault::ALL.map(|fault| Self::Process(fault, part)));
        let links = Link::ALL.into_iter();
        let link_faults =
            links.flat_map(|link| LinkFault::OF_ANY.map(|fault| Self::Link(fault, link)));
        let links = Link::ALL.into_iter().filter(|link| link.is_http());
        let answers =
            links.flat_map(|link| LinkFault::OF_HTTP.map(|fault| Self::Link(fault, link)));
        let queue_faults = queue_faults(QueueFault::OF_TOPOLOGY);
        let older = processes.chain(link_faults).chain(answers).chain(queue_faults);
        let resets = Link::ALL.into_iter().map(Self::Reset);
        let set_backs = Side::ALL.into_iter().map(Self::SetBack);
        let newer =
            resets.chain([Self::Alarm]).chain(self::queue_faults(QueueFault::WITHIN_A_QUEUE));
        let of_source = |source| SourceFault::of(source).map(move |it| Self::Source(it, source));
        let sources = Source::ALL.into_iter().flat_map(of_source);
        older.chain(newer).chain(set_backs).chain(sources)
    }

    /// The kind of the fault, whatever it happens to.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Process(ProcessFault::Kill, _) => "kill",
            Self::Process(ProcessFault::Freeze, _) => "freeze",
            Self::Process(ProcessFault::Restart, _) => "restart",
            Self::Link(LinkFault::Cut, _) => "cut",
            Self::Link(LinkFault::BlackHole, _) => "black hole",
            Self::Link(LinkFault::Slow, _) => "slow",
            Self::Link(LinkFault::Fails, _) => "answer 500",
            Self::Link(LinkFault::Hangs, _) => "hang",
            Self::Link(LinkFault::FailsAfterApplying, _) => "apply, answer 500",
            Self::Link(LinkFault::CutsAfterApplying, _) => "apply, break off",
            Self::Queue(QueueFault::Binding, _) => "delete binding",
            Self::Queue(QueueFault::Queue, _) => "delete queue",
            Self::Queue(QueueFault::Messages, _) => "purge",
            Self::Queue(QueueFault::Process, _) => "deaf queue",
            Self::Reset(_) => "reset",
            Self::Alarm => "alarm",
            Self::SetBack(_) => "set back",
            Self::Source(SourceFault::Outage, _) => "source outage",
            Self::Source(SourceFault::BlackHole, _) => "source black hole",
            Self::Source(SourceFault::Slow, _) => "source slow",
            Self::Source(SourceFault::Reset, _) => "source reset",
            Self::Source(SourceFault::Hangs, _) => "source hang",
            Self::Source(SourceFault::Fails, _) => "source 500",
            Self::Source(SourceFault::Unavailable, _) => "source 503",
            Self::Source(SourceFault::LosesAnswers, _) => "source lost answer",
            Self::Source(SourceFault::LimitsRate, _) => "source rate limit",
            Self::Source(SourceFault::CutsLists, _) => "source cut list",
            Self::Source(SourceFault::CreatesLate, _) => "source late create",
            Self::Source(SourceFault::ExpiresTokens, _) => "source expired token",
        }
    }

    /// The faults of these kinds, all of them where none is named; else the kind that there is not.
    pub fn of_kinds(kinds: &[String]) -> Result<Vec<Self>, String> {
        if let Some(unknown) = kinds.iter().find(|kind| !Self::all().any(|it| it.kind() == **kind))
        {
            let mut known = Self::all().map(Self::kind).collect::<Vec<_>>();
            known.sort_unstable();
            known.dedup();
            return Err(format!("there is no fault {unknown:?}; there are: {}", known.join(", ")));
        }
        let wanted =
            |fault: &Self| kinds.is_empty() || kinds.iter().any(|kind| *kind == fault.kind());
        Ok(Self::all().filter(wanted).collect())
    }

    /// Returns the target of the fault.
    #[must_use]
    pub const fn target(self) -> Target {
        match self {
            Self::Process(_, part) => Target::Part(part),
            Self::Link(_, link) => Target::Link(link),
            Self::Reset(link) => Target::Connections(link),
            Self::Alarm => Target::Part(Part::RabbitMq),
            Self::SetBack(side) => Target::Orders(side),
            Self::Queue(_, direction) => Target::Direction(direction),
            Self::Source(_, source) => Target::Source(source),
        }
    }
}

fn queue_faults(faults: [QueueFault; 2]) -> impl Iterator<Item = Fault> {
    let of = move |direction| faults.map(|fault| Fault::Queue(fault, direction));
    Direction::ALL.into_iter().flat_map(of)
}

/// The target of a fault; it has one fault at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A part.
    Part(Part),
    /// A link.
    Link(Link),
    /// The connections of a link. They may be reset while the link has a fault: on a slow one,
    /// more is under way.
    Connections(Link),
    /// A direction's queue and binding.
    Direction(Direction),
    /// The orders of a side.
    Orders(Side),
    /// A source.
    Source(Source),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => part.fmt(f),
            Self::Link(link) | Self::Connections(link) => link.fmt(f),
            Self::Direction(direction) => direction.fmt(f),
            Self::Orders(side) => write!(f, "orders of the {side}"),
            Self::Source(source) => source.fmt(f),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.target())
    }
}
