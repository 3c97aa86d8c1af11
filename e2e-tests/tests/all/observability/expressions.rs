//! What a PromQL expression, or a line of a program's page, names: metrics and labels.

use std::iter::Peekable;
use std::str::Chars;

/// A metric with conditions on its labels; a series has one for each label.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) name: String,
    pub(super) matchers: Vec<Matcher>,
}

/// A condition on a label.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Matcher {
    pub(super) label: String,
    operator: String,
    value: String,
}

impl Selector {
    /// Whether it may select this series. Of a condition other than `=` the label counts only: no
    /// program can be made to have an answer of each status.
    pub(super) fn selects(&self, series: &Self, given: &[&str]) -> bool {
        let own = self.matchers.iter().filter(|matcher| !given.contains(&matcher.label.as_str()));
        self.name == series.name
            && own.into_iter().all(|wanted| {
                let mut labels = series.matchers.iter();
                labels.any(|has| {
                    let is_equal = wanted.operator != "=" || wanted.value == has.value;
                    has.label == wanted.label && is_equal
                })
            })
    }
}

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) selectors: Vec<Selector>,
    /// The labels by which it groups.
    pub(super) groups: Vec<String>,
}

/// Reads an expression. Every name that is no function, label or word of the language is a metric's.
pub(super) fn names(expression: &str) -> Names {
    let mut names = Names::default();
    let mut rest = expression.chars().peekable();
    while let Some(&next) = rest.peek() {
        if next == '[' {
            rest.by_ref().find(|c| *c == ']');
        } else if next.is_alphanumeric() {
            let name = word(&mut rest);
            skip_spaces(&mut rest);
            match (name.as_str(), rest.peek().copied()) {
                ("by" | "on" | "without" | "ignoring", Some('(')) => {
                    let labels = rest.by_ref().skip(1).take_while(|c| *c != ')');
                    let labels = labels.collect::<String>();
                    let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty());
                    names.groups.extend(labels.map(str::to_owned));
                }
                // A function, or the group of an operand.
                (_, Some('(')) => {}
                ("or" | "and" | "unless" | "bool", _) => {}
                // `sum by (…)`.
                _ if ["by", "without"].contains(&word(&mut rest.clone()).as_str()) => {}
                _ if next.is_numeric() => {}
                _ => names.selectors.push(Selector { name, matchers: matchers(&mut rest) }),
            }
        } else {
            rest.next();
        }
    }
    names
}

fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || ['_', ':', '.'].contains(c)) {
        word.push(c);
    }
    word
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

/// Reads `{label="value", …}`, if it is there.
fn matchers(rest: &mut Peekable<Chars<'_>>) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    if rest.next_if_eq(&'{').is_none() {
        return matchers;
    }
    while rest.peek().is_some_and(|c| *c != '}') {
        let label = word(rest);
        let operator = rest.by_ref().take_while(|c| *c != '"').collect::<String>();
        let value = rest.by_ref().take_while(|c| *c != '"').collect();
        matchers.push(Matcher { label, operator: operator.trim().to_owned(), value });
        while rest.next_if(|c| [',', ' '].contains(c)).is_some() {}
    }
    rest.next();
    matchers
}

#[test]
fn metrics_labels_and_groups_are_told_from_functions_and_words() {
    let read = names(
        "60 + 2 * histogram_quantile(0.99, sum by (le, direction) (rate(a_bucket{x=\"1\", \
         y!~\"2.*\"}[$__rate_interval]))) or on (z) up unless on () b:c",
    );
    let matcher = |label: &str, operator: &str, value: &str| Matcher {
        label: label.into(),
        operator: operator.into(),
        value: value.into(),
    };
    let selector = |name: &str, matchers| Selector { name: name.into(), matchers };
    let a = selector("a_bucket", vec![matcher("x", "=", "1"), matcher("y", "!~", "2.*")]);
    assert_eq!(read.selectors, [a, selector("up", vec![]), selector("b:c", vec![])]);
    assert_eq!(read.groups, ["le", "direction", "z"]);
    let series = |line| names(line).selectors.remove(0);
    let (fits, other) = ("a_bucket{x=\"1\",y=\"3\"} 0", "a_bucket{x=\"2\",y=\"3\"} 0");
    assert!(read.selectors[0].selects(&series(fits), &[]));
    assert!(!read.selectors[0].selects(&series(other), &[]));
    assert!(!read.selectors[0].selects(&series("a_bucket{x=\"1\"} 0"), &[]));
    assert!(read.selectors[0].selects(&series("a_bucket{y=\"3\"} 0"), &["x"]));
}
