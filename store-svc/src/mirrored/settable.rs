//! What a caller may set of a post or of a comment.

use program_kit::http::problem::FieldError;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared_models::mirror::Mirrored;

use super::content::Content;

/// The fields of a record that a caller may set.
pub(crate) trait Settable: Serialize + DeserializeOwned + JsonSchema + 'static {
    /// The kind of the record.
    const KIND: Mirrored;

    /// Returns the current values of a record.
    fn of(content: &Content) -> Self;

    /// Returns the contents that are set. `before` are those of the record, if it exists.
    fn content(self, before: Option<&Content>) -> Result<Content, Vec<FieldError>>;

    /// Returns an example for the API document.
    fn example() -> Value;
}
