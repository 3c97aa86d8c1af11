//! Applying a change that is made at this side to an order. Pure.

use chrono::{DateTime, Utc};
use garde::Validate;
use program_kit::http::problem::FieldError;
use shared_models::edit::{Refusal, edit};
use shared_models::event::EventKind;
use shared_models::side::Side;

use super::order::{Domain, Draft, Order};
use super::record::Record;

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
}

/// Changes an order to a draft; returns `None` if it is equal already.
pub fn change<D: Domain>(
    before: &Order<D::Private>,
    draft: Draft<D::Private>,
    now: DateTime<Utc>,
) -> Result<Option<Changed<D::Private>>, Refusal> {
    let (shared, _) = edit(D::SIDE, &before.shared, draft.delivery, draft.progress)?;
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
    Ok(Some(Changed { record: Record::decided(D::SIDE, kind, before, &order), order }))
}

/// Validates the shared part of a draft.
pub fn shared_errors<D: Domain>(draft: &Draft<D::Private>) -> Vec<FieldError> {
    let checks = [draft.delivery.validate(), draft.progress.validate()];
    checks.into_iter().flat_map(|check| FieldError::all_of(check, D::expectation)).collect()
}
