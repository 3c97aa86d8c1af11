//! `docs/sync-rules.md` against the rules: every row of its table, and nothing left over.

use shared_models::order::{Status, Touched};
use shared_models::rules::{Cargo, CarryRule, Facts, RULES, Verdict, decide};
use shared_models::side::Side;

use crate::document::{section, side, statuses, table};
use crate::samples::all_facts;

const HEADING: &str = "The whole table";

struct Row {
    source: Side,
    origin: Side,
    touched: Touched,
    statuses: Vec<Status>,
    verdict: Verdict,
}

impl Row {
    fn read(cells: &[String]) -> Self {
        let [source, origin, touched, status, outcome, _for_instance] = cells else {
            unreachable!("six cells: {cells:?}");
        };
        Self {
            source: side(source),
            origin: side(origin),
            touched: read_touched(touched),
            statuses: read_statuses(status),
            verdict: read_verdict(outcome),
        }
    }

    fn facts(&self) -> impl Iterator<Item = Facts> {
        self.statuses.iter().map(|status| Facts {
            source: self.source,
            origin: self.origin,
            touched: self.touched,
            status: *status,
        })
    }
}

fn rows() -> Vec<Row> {
    table(HEADING).iter().map(|cells| Row::read(cells)).collect()
}

fn read_touched(cell: &str) -> Touched {
    let name = |touched: Touched| match touched {
        Touched::Nothing => "nothing",
        Touched::Delivery => "delivery",
        Touched::Progress => "progress",
        Touched::Both => "both",
    };
    Touched::ALL.into_iter().find(|touched| name(*touched) == cell).expect(cell)
}

fn read_statuses(cell: &str) -> Vec<Status> {
    match cell {
        "any" => Status::ALL.to_vec(),
        "any other" => Status::ALL[1..].to_vec(),
        named => statuses(named),
    }
}

fn read_verdict(cell: &str) -> Verdict {
    match cell {
        "carry both" => Verdict::Carry(Cargo::Both),
        "carry delivery" => Verdict::Carry(Cargo::Delivery),
        drop => {
            let name = drop.strip_prefix("drop: ").expect(drop);
            Verdict::Drop(rule(name))
        }
    }
}

fn rule(name: &str) -> CarryRule {
    RULES.into_iter().find(|rule| rule.as_str() == name).expect(name)
}

#[test]
fn every_row_of_the_document_is_what_the_rules_decide() {
    for row in rows() {
        for facts in row.facts() {
            assert_eq!(decide(&RULES, facts), row.verdict, "{facts:?}");
        }
    }
}

#[test]
fn every_combination_stands_in_exactly_one_row_of_the_document() {
    let listed: Vec<Facts> = rows().iter().flat_map(Row::facts).collect();
    let product = all_facts();
    assert_eq!(product.len(), 2 * 2 * 4 * 6);
    for facts in product {
        let count = listed.iter().filter(|other| **other == facts).count();
        assert_eq!(count, 1, "{facts:?} stands in {count} rows");
    }
}

#[test]
fn every_rule_has_a_row_that_it_decides() {
    for rule in RULES {
        let decides = |row: &Row| row.verdict == Verdict::Drop(rule);
        assert!(rows().iter().any(decides), "{}", rule.as_str());
    }
}

/// Returns the names at the start of a numbered list's items.
fn listed(heading: &str) -> Vec<CarryRule> {
    let section = section(heading);
    let named = section.lines().filter_map(|line| line.split_once(". **`"));
    named.map(|(_, rest)| rule(rest.split_once('`').expect("a name in back ticks").0)).collect()
}

#[test]
fn the_document_lists_the_rules_in_the_order_in_which_they_are_asked() {
    assert_eq!(listed("The rules, in order"), RULES);
}

#[test]
fn the_document_says_of_every_rule_what_would_happen_without_it() {
    let named = table("What each rule is good for");
    let rules: Vec<CarryRule> = named.iter().map(|cells| rule(&cells[0])).collect();
    assert_eq!(rules, RULES);
}
