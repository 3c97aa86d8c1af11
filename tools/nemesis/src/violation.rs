//! The violations that the checker finds.

use std::fmt;

use uuid::Uuid;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// What was acknowledged is in the change log, as it was acknowledged.
    Acknowledged,
    /// What was refused changed nothing, and nothing changed that nobody asked for.
    Asked,
    /// What was asked for once was done once.
    Once,
    /// An order's revisions only grow, and its versions count its changes.
    Grows,
    /// An event is recorded at most once at a side.
    RecordedOnce,
    /// What came from the peer was published there.
    FromThePeer,
    /// Changes that a side decided and that concern the peer are published, and no others.
    Published,
    /// The private part of an order is changed by what is decided there, and by nothing that
    /// arrives.
    Private,
    /// An order is what its change log says.
    Logged,
    /// Both sides are equal.
    Equal,
    /// One revision is one value.
    OneValue,
    /// An edit that does not survive stands in a conflict.
    Told,
    /// An order that was read stands in the change log, as it was read.
    Shown,
    /// What is read is never older than what was read before.
    ReadsGrow,
    /// A feed gives each change once, and no older version after a newer one; the newest are the
    /// orders.
    Followed,
    /// The store and its remote have the same posts and comments.
    Mirrored,
    /// A post or comment is as it was written last, here or at the remote.
    Stands,
    /// What is sent to the remote was written here, and is created there once.
    SentOnce,
    /// The warehouse has the operators and sites that its upstream lists.
    Pulled,
    /// The runs of a job follow each other, whichever worker does them.
    Alone,
    /// When all is healed, the sides come to agree, in time and by themselves.
    Agrees,
    /// An audit of sides that agree says so.
    Audited,
    /// A kind of fault that is planned several times happens.
    Happens,
    /// A program runs until it is told to stop, and then stops in time.
    Runs,
    /// A program that RabbitMQ blocks waits on the connection that it has, and goes on when it may.
    Waits,
}

impl Rule {
    /// The rule, as a person reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "what was acknowledged is in the change log",
            Self::Asked => "nothing changes that was refused, or that nobody asked for",
            Self::Once => "what was asked for once is done once",
            Self::Grows => "revisions only grow, and versions count the changes",
            Self::RecordedOnce => "an event is recorded once at a side at the most",
            Self::FromThePeer => "what came from the peer was published there",
            Self::Published => "what a side decided, and only that, is published",
            Self::Private => "what arrives leaves alone what only the side knows",
            Self::Logged => "an order is what its change log says",
            Self::Equal => "both sides are equal",
            Self::OneValue => "one revision is one value",
            Self::Told => "an edit that gave way stands in a conflict",
            Self::Shown => "what is read is in the change log",
            Self::ReadsGrow => "a read is never older than one before",
            Self::Followed => "a feed gives each change once, in its order, and no other",
            Self::Mirrored => "the store and its remote have the same posts and comments",
            Self::Stands => "a post or comment is as it was written last",
            Self::SentOnce => "what is sent to the remote was written here, and created once",
            Self::Pulled => "the warehouse has what its upstream lists",
            Self::Alone => "the runs of a job follow each other",
            Self::Agrees => "the sides come to agree in time",
            Self::Audited => "an audit of sides that agree says so",
            Self::Happens => "a fault that is planned several times happens",
            Self::Runs => "a program runs until it is told to stop",
            Self::Waits => "a blocked program waits on one connection, and goes on when it may",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub rule: Rule,
    /// The order, where it is about one.
    pub order: Option<Uuid>,
    /// The details.
    pub why: String,
}

impl Violation {
    /// A rule broken by an order.
    pub fn of(order: Uuid, rule: Rule, why: impl Into<String>) -> Self {
        Self { rule, order: Some(order), why: why.into() }
    }

    /// A rule broken by the whole.
    pub fn of_all(rule: Rule, why: impl Into<String>) -> Self {
        Self { rule, order: None, why: why.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        if let Some(order) = self.order {
            write!(f, "order {order}: ")?;
        }
        f.write_str(&self.why)
    }
}
