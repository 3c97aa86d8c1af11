//! Records that the worker has pulled from an upstream, and what the warehouse did with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::runs::RefusedRecord;

/// The most operators in one request.
pub const MAX_OPERATORS: usize = 1_000;
/// The most sites in one request.
pub const MAX_SITES: usize = 10_000;

/// Records as an upstream sent them: the body of `POST /v1/sync/pulled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pulled {
    /// The name of the upstream, which is that of the job.
    pub source: String,
    /// The run that pulled them.
    pub run: Uuid,
    /// Set if a record that does not fit makes the request fail.
    #[serde(default)]
    pub strict: bool,
    /// The operators, at most 1,000.
    #[schemars(length(max = MAX_OPERATORS))]
    pub operators: Vec<PulledOperator>,
    /// The ids of all operators, in the last request of a run that has read a list of them: others of this
    /// source become inactive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_operators: Option<Vec<i64>>,
}

/// An operator with its sites, at most [`MAX_SITES`] in a request. Each record is checked by the
/// warehouse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PulledOperator {
    /// The operator.
    pub record: Value,
    /// The sites.
    pub sites: Vec<Value>,
}

/// What the warehouse did with pulled records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PullReceipt {
    /// The operators and sites that fit, each once, whether they changed or not.
    pub upserted: u64,
    /// Those of them that changed.
    pub changed: u64,
    /// Those that became inactive.
    pub deactivated: u64,
    /// Those that did not fit.
    pub refused: Vec<RefusedRecord>,
}
