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

/// Returns the resource and the id of the record at a place that the warehouse names, such as
/// `operators[3].sites[1].name`; instead of an id that cannot be read, the place.
pub(super) fn name(operators: &[PulledOperator], place: &str) -> (String, String) {
    let operator =
        index(place, "operators[").and_then(|(at, rest)| Some((operators.get(at)?, rest)));
    let site = operator.and_then(|(operator, rest)| {
        let (at, _) = index(rest, ".sites[")?;
        operator.sites.get(at)
    });
    let (resource, record) = match (site, operator) {
        (Some(site), _) => ("site", Some(site)),
        (None, operator) => ("operator", operator.map(|(operator, _)| &operator.record)),
    };
    let id = record.and_then(|record| record.get("id")?.as_i64());
    (resource.to_owned(), id.map_or_else(|| place.to_owned(), |id| id.to_string()))
}

/// Reads an index that follows `before`; returns it, and what follows.
fn index<'a>(place: &'a str, before: &str) -> Option<(usize, &'a str)> {
    let (index, rest) = place.strip_prefix(before)?.split_once(']')?;
    Some((index.parse().ok()?, rest))
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
    fn a_record_is_named_by_its_id_or_by_its_place() {
        let sites = vec![json!({"id": 8}), json!({"id": "x"})];
        let record = json!({"id": 7});
        let operators = [PulledOperator { record, sites }];
        for (place, expected) in [
            ("operators[0].record.email", ("operator", "7")),
            ("operators[0].sites[0].name", ("site", "8")),
            ("operators[0].sites[1].id", ("site", "operators[0].sites[1].id")),
            ("operators[0].sites[0]", ("site", "8")),
            ("operators[9].record", ("operator", "operators[9].record")),
            ("strict", ("operator", "strict")),
        ] {
            let named = name(&operators, place);
            assert_eq!((named.0.as_str(), named.1.as_str()), expected, "{place}");
        }
    }

    #[test]
    fn one_operator_that_is_too_large_for_any_request_is_an_error() {
        let sites = vec![json!({"id": 1}); MAX_SITES + 1];
        assert!(Batch::default().add(json!({"id": 1}), sites).unwrap_err().contains("10000"));
        let large = json!({"id": 1, "name": "x".repeat(MAX_BYTES)});
        assert!(Batch::default().add(large, vec![]).is_err());
    }
}
