//! Applying the edits of callers to an order. Pure. (Its counterpart for the changes of the peer
//! is [`peer_change`](super::peer_change).)

use chrono::{DateTime, Utc};
use garde::Validate;
use program_kit::access::Caller;
use program_kit::http::conditional::Precondition;
use program_kit::http::problem::{FieldError, Kind, Problem};
use program_kit::telemetry::trace;
use serde_json::json;
use service_kit::error::Error;
use shared_models::edit::{Refusal, revise};
use shared_models::event::EventKind;
use shared_models::side::Side;
use shared_models::trace::TraceContext;

use super::order::{Domain, Draft, Order};
use super::record::Record;

/// A caller's edit of an order.
pub struct Edit<P> {
    /// The principal that requested it, if known.
    pub principal: Option<String>,
    /// The trace of the request, if it was traced.
    pub trace: Option<TraceContext>,
    /// The versions that the caller accepts to change.
    pub precondition: Precondition,
    /// The function from the current order to the draft of the wanted one.
    pub to_draft: ToDraft<P>,
}

/// A function from the current order to the draft of the wanted one.
type ToDraft<P> = Box<dyn Fn(&Order<P>) -> Result<Draft<P>, Error> + Send>;

impl<P> Edit<P> {
    /// Creates an edit of `caller`, who accepts to change these versions, in the trace of the request in
    /// hand.
    #[must_use]
    pub fn new(
        caller: &Caller,
        precondition: Precondition,
        to_draft: impl Fn(&Order<P>) -> Result<Draft<P>, Error> + Send + 'static,
    ) -> Self {
        let principal = caller.name().map(str::to_owned);
        let (trace, to_draft) = (trace::current(), Box::new(to_draft));
        Self { principal, trace, precondition, to_draft }
    }
}

/// The result of a write.
#[derive(Debug)]
pub struct Written<P> {
    /// The order after the write.
    pub order: Order<P>,
    /// Set if the order has changed.
    pub changed: bool,
}

/// The result of edits of one order.
pub(super) struct Edited<P> {
    /// The outcome of each edit.
    pub(super) outcomes: Vec<Result<Written<P>, Error>>,
    /// The changes to write.
    pub(super) changes: Vec<Changed<P>>,
    /// The order after all of them.
    pub(super) order: Order<P>,
}

/// Applies edits to an order, one after the other. One that is refused, or that changes nothing,
/// leaves the order as it is for the next.
pub(super) fn apply_edits<'a, D: Domain>(
    order: Order<D::Private>,
    edits: impl Iterator<Item = &'a Edit<D::Private>>,
    now: DateTime<Utc>,
) -> Edited<D::Private> {
    let mut edited = Edited { outcomes: vec![], changes: vec![], order };
    for edit in edits {
        let outcome = match apply_edit::<D>(&edited.order, edit, now) {
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

/// Applies one edit; returns `None` if it changes nothing.
fn apply_edit<D: Domain>(
    before: &Order<D::Private>,
    edit: &Edit<D::Private>,
    now: DateTime<Utc>,
) -> Result<Option<Changed<D::Private>>, Error> {
    edit.precondition.check(before.version)?;
    let draft = (edit.to_draft)(before)?;
    let changed = apply_draft::<D>(before, draft, now).map_err(|refusal| refused(&refusal))?;
    Ok(changed.map(|changed| changed.by(edit.principal.as_deref()).traced(edit.trace)))
}

/// Returns the error of an edit that the order's state does not allow.
fn refused(refusal: &Refusal) -> Error {
    let problem = Problem::new(Kind::Conflict, refusal.to_string());
    Error::Refused(match refusal {
        Refusal::IllegalMove { legal, .. } => problem.with("legal", json!(legal)),
        Refusal::DeliveryClosed { .. }
        | Refusal::LineAdded { .. }
        | Refusal::CarrierTooEarly
        | Refusal::CarrierByStore => problem,
    })
}

/// An order after a change, and the record of the change.
#[derive(Debug)]
pub struct Changed<P> {
    /// The order after the change.
    pub order: Order<P>,
    /// The record for the change log.
    pub record: Record,
}

impl<P> Changed<P> {
    /// Creates the change of an order that is created at `side`.
    pub fn created(side: Side, order: Order<P>) -> Self {
        Self { record: Record::created(side, &order), order }
    }

    /// Returns the change with the principal that requested it.
    #[must_use]
    pub fn by(self, principal: Option<&str>) -> Self {
        Self { record: self.record.by(principal), ..self }
    }

    /// Returns the change with the trace that it belongs to.
    #[must_use]
    pub fn traced(self, trace: Option<TraceContext>) -> Self {
        Self { record: self.record.traced(trace), ..self }
    }
}

/// Changes an order to a draft; returns `None` if it is equal already.
fn apply_draft<D: Domain>(
    before: &Order<D::Private>,
    draft: Draft<D::Private>,
    now: DateTime<Utc>,
) -> Result<Option<Changed<D::Private>>, Refusal> {
    let (shared, touched) = revise(D::SIDE, &before.shared, draft.delivery, draft.progress)?;
    if shared == before.shared && draft.private == before.private {
        return Ok(None);
    }
    let order = Order {
        shared,
        private: draft.private,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let statuses = [before, &order].map(|order| order.shared.progress.value.status);
    let kind = EventKind::of_change(statuses[0], statuses[1]);
    Ok(Some(Changed { record: Record::edited(D::SIDE, kind, before, &order, touched), order }))
}

/// Validates the shared part of a draft.
pub fn shared_errors<D: Domain>(draft: &Draft<D::Private>) -> Vec<FieldError> {
    let checks = [draft.delivery.validate(), draft.progress.validate()];
    checks.into_iter().flat_map(|check| FieldError::all_of(check, D::expectation)).collect()
}
