//! Audits as they are shown. Pure.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use shared_models::runs::{Run, RunFailure, RunState};

use super::report::{Difference, Digests, Findings, Report};

/// An audit. One that several workers have done after each other is shown as its newest run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Audit")]
pub struct ShownAudit {
    /// Its number; null until its first report is stored.
    pub number: Option<u64>,
    /// The state of its newest run.
    pub state: RunState,
    /// Set if a person requested that run, and not the schedule.
    pub requested: bool,
    /// The principal that requested it, if known.
    pub principal: Option<String>,
    /// The time at which that run began.
    pub began_at: DateTime<Utc>,
    /// The time at which that run ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The failure that ended it.
    pub failure: Option<RunFailure>,
    /// How far it has come; null once it has a receipt.
    pub progress: Option<ShownReport>,
    /// The receipt, once it has come to its end.
    pub receipt: Option<ShownReport>,
}

/// What an audit found so far, or altogether.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "AuditReport")]
pub struct ShownReport {
    /// The time at which the audit began.
    pub from: DateTime<Utc>,
    /// The time at which it came to its end.
    pub to: Option<DateTime<Utc>>,
    /// The orders that were compared.
    pub compared: u64,
    /// The orders that the audit before had compared.
    pub expected: Option<u64>,
    /// The orders that changed all the while.
    pub moving: u64,
    /// The orders that differed, without those of `dropped`.
    pub differences: u64,
    /// The orders that agree since they were offered again.
    pub healed: u64,
    /// The orders that still differ, without those of `dropped`.
    pub left: u64,
    /// The orders among them that are left because a change is parked.
    pub parked: u64,
    /// The orders that differ because a person dropped a change of them.
    pub dropped: u64,
    /// Set if the digests are equal: the sides agree on all that was compared.
    pub agrees: bool,
    /// The digests of both sides.
    pub digests: Digests,
}

/// An audit with its differences.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DetailedAudit {
    /// The audit.
    #[serde(flatten)]
    pub audit: ShownAudit,
    /// The first differences; how many there were stands in the receipt.
    pub differences: Vec<Difference>,
}

/// Returns the audits of these runs, which are newest first: for each audit its newest run.
#[must_use]
pub fn audits(runs: &[Run]) -> Vec<ShownAudit> {
    let mut seen = HashSet::new();
    let audits = runs.iter().map(|run| audit(run, report(run).as_ref()));
    audits.filter(|audit| audit.number.is_none_or(|number| seen.insert(number))).collect()
}

/// Returns the audit of this number, if one of these runs, which are newest first, is of it.
#[must_use]
pub fn numbered(runs: &[Run], number: u64) -> Option<DetailedAudit> {
    let found =
        runs.iter().find_map(|run| Some((run, report(run).filter(|it| it.number == number)?)));
    found.map(|(run, report)| detailed(run, report))
}

/// Returns the audit of a run, if that has made a report.
#[must_use]
pub(super) fn of_run(run: &Run) -> Option<DetailedAudit> {
    report(run).map(|report| detailed(run, report))
}

fn detailed(run: &Run, report: Report) -> DetailedAudit {
    DetailedAudit { audit: audit(run, Some(&report)), differences: report.findings.differences }
}

/// Returns the receipt of a run that came to its end.
#[must_use]
pub(super) fn receipt(run: &Run) -> Option<Report> {
    report(run).filter(|_| run.state == RunState::Succeeded)
}

/// Returns the report of a run; `None` before it has made one.
fn report(run: &Run) -> Option<Report> {
    serde_json::from_value(run.report.clone()?).ok()
}

fn audit(run: &Run, report: Option<&Report>) -> ShownAudit {
    let shown = report.map(shown);
    let (progress, receipt) = match run.state {
        RunState::Succeeded => (None, shown),
        RunState::Running | RunState::Failed | RunState::Abandoned => (shown, None),
    };
    ShownAudit {
        number: report.map(|report| report.number),
        state: run.state,
        requested: run.requested,
        principal: run.principal.clone(),
        began_at: run.began_at,
        ended_at: run.ended_at,
        failure: run.failure.clone(),
        progress,
        receipt,
    }
}

fn shown(report: &Report) -> ShownReport {
    let Report { from, to, expected, findings, .. } = report;
    let Findings { compared, moving, found, healed, left, parked, dropped, digests, .. } = findings;
    ShownReport {
        from: *from,
        to: *to,
        compared: *compared,
        expected: *expected,
        moving: *moving,
        differences: *found,
        healed: *healed,
        left: *left,
        parked: *parked,
        dropped: *dropped,
        agrees: digests.store == digests.warehouse,
        digests: *digests,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn run(state: RunState, number: Option<u64>) -> Run {
        let began_at = DateTime::UNIX_EPOCH;
        let digest = "0".repeat(64);
        let report = number.map(|number| {
            json!({
                "number": number, "from": began_at, "to": null, "expected": 7, "compared": 3,
                "moving": 0, "found": 1, "healed": 1, "left": 0, "parked": 0,
                "digests": {"store": digest, "warehouse": digest},
                "differences": [
                    {"order": Uuid::nil(), "kind": "store_behind", "outcome": "healed"},
                ],
            })
        });
        Run {
            id: Uuid::nil(),
            job: "orders".to_owned(),
            task: "audit".to_owned(),
            requested: true,
            principal: None,
            state,
            began_at,
            ended_at: None,
            counts: [].into(),
            failure: None,
            refused: vec![],
            again_at: None,
            report,
        }
    }

    #[test]
    fn an_audit_that_another_worker_continued_is_shown_once() {
        let runs = [
            run(RunState::Running, None),
            run(RunState::Succeeded, Some(5)),
            run(RunState::Abandoned, Some(5)),
            run(RunState::Failed, Some(4)),
        ];
        let shown = audits(&runs).into_iter().map(|audit| (audit.number, audit.state));
        let expected = [
            (None, RunState::Running),
            (Some(5), RunState::Succeeded),
            (Some(4), RunState::Failed),
        ];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
        assert_eq!(numbered(&runs, 5).unwrap().audit.state, RunState::Succeeded);
        assert_eq!(numbered(&runs, 6), None);
    }

    #[test]
    fn only_an_audit_that_came_to_its_end_has_a_receipt() {
        let over = numbered(&[run(RunState::Succeeded, Some(5))], 5).unwrap();
        assert_eq!(over.differences.len(), 1);
        let receipt = over.audit.receipt.unwrap();
        assert_eq!((receipt.differences, receipt.healed, receipt.agrees), (1, 1, true));
        assert_eq!(receipt.dropped, 0, "as in the reports of older versions, which do not say it");
        for state in [RunState::Running, RunState::Failed, RunState::Abandoned] {
            let audit = numbered(&[run(state, Some(5))], 5).unwrap().audit;
            assert_eq!((audit.receipt, audit.progress.unwrap().compared), (None, 3));
        }
    }
}
