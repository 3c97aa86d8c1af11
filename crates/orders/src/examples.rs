//! Examples of the orders of a side, for the API document.

use serde_json::Value;

/// The id of the order of the examples.
pub const EXAMPLE_ID: &str = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";

/// Examples of the orders of a side.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// An order, as it is sent to a caller.
    pub shown: Value,
    /// The fields that a caller may set.
    pub settable: Value,
    /// A merge patch of them.
    pub patch: Value,
}
