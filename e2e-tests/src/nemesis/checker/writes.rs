//! What must hold between what clients asked for and what the sites have recorded.

use serde_json::Value;
use shared_models::event::EventKind;
use shared_models::order::Status;
use shared_models::site::Site;

use super::case::{Case, Change, Side};
use crate::nemesis::ledger::{Outcome, Wanted, Write};
use crate::nemesis::seen::Content;
use crate::nemesis::violation::{Rule, Violation};

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let writes = case.writes.iter().filter_map(|write| {
        let side = case.sides.at(write.site);
        let (rule, why) = acknowledged(write, side).or_else(|| done_once(write, side))?;
        let (site, wanted) = (write.site, &write.wanted);
        Some(Violation::of(case.id, rule, format!("{wanted:?} at the {site} {why}")))
    });
    let changes = Site::ALL.into_iter().flat_map(|site| {
        let decided = case.sides.at(site).decided(site);
        decided.filter_map(move |change| {
            let why = unasked(case, site, change)?;
            Some(Violation::of(case.id, Rule::Asked, format!("at the {site}, {why}")))
        })
    });
    writes.chain(changes).collect()
}

/// What is missing of a write that was acknowledged.
fn acknowledged(write: &Write, side: &Side) -> Option<(Rule, String)> {
    let Outcome::Acknowledged(seen) = &write.outcome else { return None };
    let version = seen.version;
    let told = |why: String| Some((Rule::Acknowledged, why));
    let Some(change) = side.history().find(|change| change.version == version) else {
        return told(format!("was acknowledged as version {version}, which is not there"));
    };
    match (&seen.order, &write.wanted) {
        (Some(content), _) => {
            if content.shared != change.event.shared {
                return told(format!("was acknowledged, and seq {} says otherwise", change.seq));
            }
            let private = side.private_before(change.seq + 1);
            let differs = private.and_then(|private| differing(content, private));
            differs.and_then(|what| told(format!("was acknowledged, but not its {what}")))
        }
        (None, Wanted::Create(delivery)) => {
            let first = side.history().next()?;
            let same = first.event.shared.delivery.value == **delivery;
            if same { None } else { told("was acknowledged, and another was made".to_owned()) }
        }
        (None, _) => None,
    }
}

/// The private field that was shown otherwise than it was recorded.
fn differing(content: &Content, private: &Value) -> Option<&'static str> {
    let shown = &content.shown;
    for field in ["currency", "bin", "picker_note"] {
        if shown.get(field) != private.get(field) {
            return Some(field);
        }
    }
    let prices = private.get("unit_prices")?;
    let mut lines = shown["lines"].as_array()?.iter();
    lines
        .any(|line| prices.get(line["sku"].as_str().unwrap_or_default()) != line.get("unit_price"))
        .then_some("unit_price")
}

fn done_once(write: &Write, side: &Side) -> Option<(Rule, String)> {
    if write.wanted == Wanted::Void {
        return None;
    }
    let done = side.decided(write.site).filter(|change| made(&write.wanted, change, side));
    let seqs: Vec<_> = done.map(|change| change.seq).collect();
    let again = seqs.len() > 1;
    again.then(|| (Rule::Once, format!("was done more than once: as seq {seqs:?}")))
}

/// Why a change should not be.
fn unasked(case: &Case, site: Site, change: &Change) -> Option<String> {
    let mut refused = None;
    for write in case.writes.iter().filter(|write| write.site == site) {
        if made(&write.wanted, change, case.sides.at(site)) {
            match write.outcome {
                Outcome::Unknown | Outcome::Acknowledged(_) => return None,
                Outcome::Refused(status) => refused = Some(status),
            }
        }
    }
    let seq = change.seq;
    Some(match refused {
        Some(status) => format!("seq {seq} was done, and refused with {status}"),
        None => format!("seq {seq} was asked for by nobody"),
    })
}

/// Whether a change of a site is what a write would make.
fn made(wanted: &Wanted, change: &Change, side: &Side) -> bool {
    let shared = &change.event.shared;
    match wanted {
        Wanted::Create(delivery) => {
            change.event.kind == EventKind::Created && shared.delivery.value == **delivery
        }
        Wanted::Delivery(token) => {
            change.touches_delivery() && shared.delivery.value.comment.as_ref() == Some(token)
        }
        Wanted::Progress(token) => {
            change.touches_progress() && shared.progress.value.tracking.as_ref() == Some(token)
        }
        Wanted::Void => {
            change.touches_progress()
                && !change.touches_delivery()
                && shared.progress.value.status == Status::Voided
        }
        Wanted::Private(token) => {
            let holds = |private: &&Value| private.to_string().contains(token.as_str());
            let is_new = || side.private_before(change.seq).is_none_or(|before| !holds(&before));
            !change.is_shared() && change.private.as_ref().is_some_and(|it| holds(&it)) && is_new()
        }
    }
}
