//! An order as a client was shown it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use shared_models::order::{Delivery, Facet, Line, Progress, Shared, Unknown};
use shared_models::revision::Revision;

/// An order as a client was shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its version.
    pub version: i64,
    /// All else, where it was shown. It is kept until the end, by the ledger and by whoever checks.
    pub order: Option<Arc<Content>>,
}

/// The content of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The part that both sides share.
    pub shared: Shared,
    /// The private part, as it was shown.
    pub shown: Value,
}

/// The fields in which something is shown that only the side knows.
const OWN: [&str; 4] = ["currency", "lines", "bin", "picker_note"];

#[derive(Deserialize)]
struct Revisions {
    delivery: Revision,
    progress: Revision,
}

impl Seen {
    /// An order as a side shows it; none where this is not one.
    #[must_use]
    pub fn read(mut shown: Value) -> Option<Self> {
        let version = shown["version"].as_i64()?;
        let revisions: Revisions = serde_json::from_value(shown["revisions"].clone()).ok()?;
        let text = |name: &str| shown[name].as_str().map(str::to_owned);
        let delivery = Delivery {
            company: text("company")?,
            address: text("address")?,
            deliver_by: serde_json::from_value(shown["deliver_by"].clone()).ok()?,
            comment: text("comment"),
            lines: shown["lines"].as_array()?.iter().map(line).collect::<Option<_>>()?,
            unknown: Unknown::new(),
        };
        let progress = Progress {
            status: serde_json::from_value(shown["status"].clone()).ok()?,
            carrier: text("carrier"),
            tracking: text("tracking"),
            unknown: Unknown::new(),
        };
        let shared = Shared {
            delivery: Facet::unmarked(revisions.delivery, delivery),
            progress: Facet::unmarked(revisions.progress, progress),
        };
        shown.as_object_mut()?.retain(|name, _| OWN.contains(&name.as_str()));
        Some(Self { version, order: Some(Arc::new(Content { shared, shown })) })
    }
}

pub(super) fn line(shown: &Value) -> Option<Line> {
    let quantity = u32::try_from(shown["quantity"].as_u64()?).ok()?;
    Some(Line { sku: shown["sku"].as_str()?.to_owned(), quantity })
}
