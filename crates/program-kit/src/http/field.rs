//! An invalid field of a request.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Describes the valid values of a field, found by the field's name.
pub type Expectation = fn(&str) -> Option<&'static str>;

/// An invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The field, for example `lines[0].quantity`.
    pub field: String,
    /// The problem with it.
    pub problem: String,
    /// The valid values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<&'static str>,
}

impl FieldError {
    /// Creates the error of a field; its valid values are found by its name.
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<String>,
        expectation: Expectation,
    ) -> Self {
        let field = field.into();
        let name = field.rsplit('.').next().unwrap_or_default();
        let name = name.split('[').next().unwrap_or_default();
        Self { expected: expectation(name), problem: problem.into(), field }
    }
}

impl FieldError {
    /// Returns all errors that a validation has found.
    #[must_use]
    pub fn all_of(check: Result<(), garde::Report>, expectation: Expectation) -> Vec<Self> {
        let report = check.err();
        let found = report.iter().flat_map(garde::Report::iter);
        found
            .map(|(path, error)| Self::new(path.to_string(), error.message(), expectation))
            .collect()
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)?;
        self.expected.map_or(Ok(()), |expected| write!(f, "; expected {expected}"))
    }
}
