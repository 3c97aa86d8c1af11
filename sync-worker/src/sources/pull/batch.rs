//! Operators with their sites, gathered for one request. Pure.

use serde_json::Value;
use shared_models::pull::{MAX_OPERATORS, MAX_SITES, Pulled, PulledOperator};

use crate::sources::run::Held;

/// The sites with which a batch counts as full.
const FULL: usize = 2_000;
/// The most bytes of a batch: well below what a service takes (`http.body_limit`).
const MAX_BYTES: usize = 8 << 20;

/// Operators with their sites.
#[derive(Debug, Default)]
pub(super) struct Batch {
    operators: Vec<PulledOperator>,
    sites: usize,
    bytes: usize,
}

impl Batch {
    /// Adds an operator. Returns the batch as it was if that was full, or has no place for this one.
    pub(super) fn add(&mut self, record: Value, sites: Vec<Value>) -> Result<Option<Self>, String> {
        let bytes =
            record.to_string().len() + sites.iter().map(|it| it.to_string().len()).sum::<usize>();
        if sites.len() > MAX_SITES || bytes > MAX_BYTES {
            return Err(format!(
                "an operator has {} sites of {bytes} bytes; expected up to {MAX_SITES} of {MAX_BYTES}",
                sites.len()
            ));
        }
        let is_full = self.sites >= FULL
            || self.sites + sites.len() > MAX_SITES
            || self.bytes + bytes > MAX_BYTES
            || self.operators.len() >= MAX_OPERATORS;
        let full = is_full.then(|| std::mem::take(self));
        self.sites += sites.len();
        self.bytes += bytes;
        self.operators.push(PulledOperator { record, sites });
        Ok(full)
    }

    /// Returns the request that a run makes of it.
    pub(super) fn into_request(
        self,
        run: &Held,
        strict: bool,
        all_operators: Option<Vec<i64>>,
    ) -> Pulled {
        let (source, run, operators) = (run.job.clone(), run.id, self.operators);
        Pulled { source, run, strict, operators, all_operators }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_that_is_full_is_handed_out_and_nothing_is_lost() {
        let (mut batch, mut counts) = (Batch::default(), vec![]);
        for id in 0..1_000 {
            let sites = (0..5).map(|site| json!({"id": id * 5 + site})).collect();
            if let Some(full) = batch.add(json!({ "id": id }), sites).unwrap() {
                counts.push(full.operators.len());
            }
        }
        counts.push(batch.operators.len());
        assert_eq!(counts, [400, 400, 200]);
    }

    #[test]
    fn one_operator_that_is_too_large_for_any_request_is_an_error() {
        let sites = vec![json!({"id": 1}); MAX_SITES + 1];
        assert!(Batch::default().add(json!({"id": 1}), sites).unwrap_err().contains("10000"));
        let large = json!({"id": 1, "name": "x".repeat(MAX_BYTES)});
        assert!(Batch::default().add(large, vec![]).is_err());
    }
}
