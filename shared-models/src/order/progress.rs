//! The facet progress: how far an order has come.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::text::{filled, storable};
use super::{Status, Unknown, limits};

/// How far an order has come. The warehouse owns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
pub struct Progress {
    /// Where it stands.
    #[garde(skip)]
    pub status: Status,
    /// Who carries it.
    #[serde(default)]
    #[garde(inner(custom(filled(limits::CARRIER))))]
    pub carrier: Option<String>,
    /// Under which number the carrier knows it.
    #[serde(default)]
    #[garde(inner(custom(filled(limits::TRACKING))))]
    pub tracking: Option<String>,
    /// What a newer version says besides.
    #[serde(flatten)]
    #[garde(custom(storable))]
    pub unknown: Unknown,
}
