//! An order at one side, and the trait for the side's own part of it.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared_models::order::{Delivery, Progress, Shared};
use shared_models::side::Side;
use uuid::Uuid;

use crate::examples::Examples;

/// The name of this resource. It begins the kind of each change, so it is a part of the routing keys.
pub const RESOURCE: &str = "order";

/// An order, as stored at one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Order<P> {
    /// The order's id, the same at both sides.
    pub id: Uuid,
    /// The facets that both sides share.
    pub shared: Shared,
    /// The part that only this side has.
    pub private: P,
    /// The number of times that its row has changed here.
    pub version: i64,
    /// The time at which it came to this side.
    pub created_at: DateTime<Utc>,
    /// The time of its last change here.
    pub updated_at: DateTime<Utc>,
}

impl<P: Default> Order<P> {
    /// Creates an order without any changes: any incoming value replaces it.
    #[must_use]
    pub fn blank(id: Uuid, now: DateTime<Utc>) -> Self {
        let (shared, private) = Default::default();
        Self { id, shared, private, version: 0, created_at: now, updated_at: now }
    }
}

/// The private part of an order at one side; it is stored as one document.
pub trait Private:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<P> Private for P where
    P: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// The parts of an order that a caller may set, in the side's own types.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<P> {
    /// The facet delivery.
    pub delivery: Delivery,
    /// The facet progress.
    pub progress: Progress,
    /// The part that only this side has.
    pub private: P,
}

/// The differences between the two services: the private part, and how an order is shown and set.
pub trait Domain: Send + Sync + 'static {
    /// The side.
    const SIDE: Side;
    /// The private part of an order.
    type Private: Private;
    /// An order, as sent to a caller.
    type Shown<'a>: Serialize + JsonSchema;
    /// The fields that a caller may set, as a JSON object.
    type Settable: Clone + Serialize + DeserializeOwned + JsonSchema + Send + 'static;

    /// Shows an order.
    fn show(order: &Order<Self::Private>) -> Self::Shown<'_>;
    /// Returns the current values of the settable fields.
    fn settable(order: &Order<Self::Private>) -> Self::Settable;
    /// Converts the fields that a caller has set to a draft, with the errors of the private part.
    /// (The shared part is validated for both sides alike.)
    fn draft(
        order: &Order<Self::Private>,
        settable: Self::Settable,
    ) -> (Draft<Self::Private>, Vec<FieldError>);
    /// Returns the valid values of a field, found by its name.
    fn expectation(field: &str) -> Option<&'static str>;
    /// Returns examples for the API document.
    fn examples() -> Examples;
}
