//! An order at one site, and what that site has to say about its own part of it.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared_models::order::{Delivery, Progress, Shared};
use shared_models::site::Site;
use uuid::Uuid;

use crate::http::problem::FieldError;

/// An order as it stands at one site.
#[derive(Clone, Debug, PartialEq)]
pub struct Order<P> {
    /// Its id, the same at both sites.
    pub id: Uuid,
    /// What both sites share of it.
    pub shared: Shared,
    /// What only this site knows.
    pub private: P,
    /// How often its row has changed here.
    pub version: i64,
    /// When it came to this site.
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    pub updated_at: DateTime<Utc>,
}

impl<P: Default> Order<P> {
    /// An order of which nothing is known yet: it gives way to whatever arrives.
    #[must_use]
    pub fn blank(id: Uuid, now: DateTime<Utc>) -> Self {
        let (shared, private) = Default::default();
        Self { id, shared, private, version: 0, created_at: now, updated_at: now }
    }
}

/// What only one site knows of an order; it is kept as one document.
pub trait Private:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<P> Private for P where
    P: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// All that a caller may set of an order, in the site's own types.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<P> {
    /// The facet delivery.
    pub delivery: Delivery,
    /// The facet progress.
    pub progress: Progress,
    /// What only this site knows.
    pub private: P,
}

/// What differs between the two services: what is private to the site, and how it is shown and set.
pub trait Domain: Send + Sync + 'static {
    /// The site.
    const SITE: Site;
    /// What only this site knows of an order.
    type Private: Private;
    /// An order as a caller sees it.
    type Shown<'a>: Serialize;
    /// All that a caller may set, as a JSON object.
    type Settable: Clone + Serialize + DeserializeOwned + Send + 'static;

    /// Shows an order.
    fn show(order: &Order<Self::Private>) -> Self::Shown<'_>;
    /// What is set of an order now.
    fn settable(order: &Order<Self::Private>) -> Self::Settable;
    /// The order that a caller wants, and what is wrong with its private part. (What both sites
    /// share is checked for all alike.)
    fn draft(
        order: &Order<Self::Private>,
        settable: Self::Settable,
    ) -> (Draft<Self::Private>, Vec<FieldError>);
    /// What would be right for a field, found by its name.
    fn expectation(field: &str) -> Option<&'static str>;
}

/// The time, as exactly as PostgreSQL keeps it; so that what was written is what is read.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
