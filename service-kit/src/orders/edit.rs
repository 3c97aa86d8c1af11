//! What callers want of one order, one after the other. Pure.

use chrono::{DateTime, Utc};

use super::change::{Changed, change};
use super::order::{Domain, Draft, Order};
use crate::access::Caller;
use crate::error::Error;
use crate::http::conditional::Precondition;

/// What a caller wants of an order.
pub struct Edit<P> {
    /// Who has it done, where that is known.
    pub principal: Option<String>,
    /// Which versions the caller is willing to change.
    pub precondition: Precondition,
    /// What the order is to become.
    pub wanted: Wanted<P>,
}

/// What an order is to become, from how it stands.
type Wanted<P> = Box<dyn Fn(&Order<P>) -> Result<Draft<P>, Error> + Send>;

impl<P> Edit<P> {
    /// What `caller` wants, who is willing to change these versions.
    #[must_use]
    pub fn new(
        caller: &Caller,
        precondition: Precondition,
        wanted: impl Fn(&Order<P>) -> Result<Draft<P>, Error> + Send + 'static,
    ) -> Self {
        let principal = caller.name().map(str::to_owned);
        Self { principal, precondition, wanted: Box::new(wanted) }
    }
}

/// What came of a write.
#[derive(Debug)]
pub struct Written<P> {
    /// The order as it stands now.
    pub order: Order<P>,
    /// Whether it is different from before.
    pub changed: bool,
}

/// What came of edits of one order.
pub(super) struct Edited<P> {
    /// Of each.
    pub(super) outcomes: Vec<Result<Written<P>, Error>>,
    /// What is to be written.
    pub(super) changes: Vec<Changed<P>>,
    /// The order after all of them.
    pub(super) order: Order<P>,
}

/// Edits an order, one edit after the other. One that is refused, or that changes nothing, leaves it
/// as it is for the next.
pub(super) fn edit<'a, D: Domain>(
    order: Order<D::Private>,
    edits: impl Iterator<Item = &'a Edit<D::Private>>,
    now: DateTime<Utc>,
) -> Edited<D::Private> {
    let mut edited = Edited { outcomes: vec![], changes: vec![], order };
    for edit in edits {
        let outcome = match changed::<D>(&edited.order, edit, now) {
            Ok(Some(changed)) => {
                edited.order = changed.order.clone();
                edited.changes.push(changed);
                Ok(Written { order: edited.order.clone(), changed: true })
            }
            Ok(None) => Ok(Written { order: edited.order.clone(), changed: false }),
            Err(error) => Err(error),
        };
        edited.outcomes.push(outcome);
    }
    edited
}

fn changed<D: Domain>(
    before: &Order<D::Private>,
    edit: &Edit<D::Private>,
    now: DateTime<Utc>,
) -> Result<Option<Changed<D::Private>>, Error> {
    edit.precondition.check(before.version)?;
    let draft = (edit.wanted)(before)?;
    let changed = change::<D>(before, draft, now)?;
    Ok(changed.map(|changed| changed.by(edit.principal.as_deref())))
}
