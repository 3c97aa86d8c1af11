//! The rules by which a source is told to fail: which requests, how many of them, and how. Pure.

use serde::{Deserialize, Serialize};

use super::action::Action;

/// The requests that meet a fault, and how many of them do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The method; every method if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path, without the query; `*` stands for any characters. Every path if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The number of such requests that pass first.
    #[serde(default)]
    pub after: u64,
    /// The number of requests that then meet the fault; if there is none, all do until the rules
    /// are cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The fault.
    pub action: Action,
}

impl Rule {
    /// Creates the rule that every request meets this fault until the rules are cleared.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { method: None, path: None, after: 0, times: None, action }
    }

    /// Restricts the rule to a method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: Some(method.to_owned()), ..self }
    }

    /// Restricts the rule to a path, in which `*` stands for any characters.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// Lets a number of such requests pass first.
    #[must_use]
    pub fn after(self, after: u64) -> Self {
        Self { after, ..self }
    }

    /// Restricts the rule to a number of requests.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Returns what is wrong with the rule, if something is.
    pub(super) fn check(&self) -> Result<(), String> {
        self.action.check()
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| matches(pattern, path))
    }
}

/// Returns whether a path fits a pattern in which `*` stands for any characters.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == path;
    };
    path.strip_prefix(start).is_some_and(|left| {
        let ends = left.char_indices().map(|(index, _)| index).chain([left.len()]);
        ends.into_iter().any(|index| left.get(index..).is_some_and(|left| matches(rest, left)))
    })
}

/// A rule in force, with what is left of its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The number of the rule.
    pub id: u64,
    /// The rule; `after` and `times` have been counted down.
    #[serde(flatten)]
    pub rule: Rule,
}

/// The rules in force, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Rules {
    standing: Vec<Standing>,
    added: u64,
}

impl Rules {
    /// Adds a rule and returns its number.
    pub(super) fn add(&mut self, rule: Rule) -> u64 {
        self.added += 1;
        if rule.times != Some(0) {
            self.standing.push(Standing { id: self.added, rule });
        }
        self.added
    }

    /// Returns the fault that this request meets: that of the first rule that fits. The rules
    /// before it that let the request pass count it, too.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Action> {
        for index in 0..self.standing.len() {
            let rule = &mut self.standing.get_mut(index)?.rule;
            if !rule.matches(method, path) {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            let action = rule.action.clone();
            rule.times = rule.times.map(|times| times.saturating_sub(1));
            if rule.times == Some(0) {
                self.standing.remove(index);
            }
            return Some(action);
        }
        None
    }

    /// Removes one rule; returns whether it was in force.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let before = self.standing.len();
        self.standing.retain(|standing| standing.id != id);
        self.standing.len() < before
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    pub(super) fn standing(&self) -> Vec<Standing> {
        self.standing.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::action::RetryAfter;
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, path, fits) in [
            ("/posts", "/posts", true),
            ("/posts", "/posts/1", false),
            ("/posts*", "/posts", true),
            ("/posts/*", "/posts", false),
            ("/posts/*", "/posts/1", true),
            ("*/warehouses", "/iam/users/7/warehouses", true),
            ("/posts/*/comments", "/posts/1/comments", true),
            ("/posts/*/comments", "/posts/1", false),
            ("*", "/ä", true),
            ("", "/", false),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_lets_some_pass_then_takes_some_and_is_gone() {
        let mut rules = Rules::default();
        let rule = Rule::new(Action::Hang).method("post").path("/posts").after(1).times(2);
        rules.add(rule);
        let mut ask = |method, path| rules.take(method, path).is_some();
        assert!(!ask("POST", "/posts"), "the first passes");
        assert!(!ask("GET", "/posts") && !ask("POST", "/comments"), "these do not count");
        assert!(ask("POST", "/posts") && ask("POST", "/posts"));
        assert!(!ask("POST", "/posts"));
        assert_eq!(rules.standing(), []);
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_one_without_a_number_stays() {
        let mut rules = Rules::default();
        let first = rules.add(Rule::new(Action::Close).times(1));
        let second = rules.add(Rule::new(Action::Hang));
        assert_eq!(rules.take("GET", "/"), Some(Action::Close));
        assert_eq!(rules.take("GET", "/"), Some(Action::Hang));
        assert_eq!(rules.take("GET", "/"), Some(Action::Hang));
        assert!(!rules.remove(first) && rules.remove(second));
        assert_eq!(rules.take("GET", "/"), None);
    }

    #[test]
    fn a_rule_is_written_as_the_readme_has_it() {
        let text = json!({"method": "POST", "path": "/posts", "times": 3,
            "action": {"status": {"status": 503, "retry_after": 2}}});
        let rule: Rule = serde_json::from_value(text).unwrap();
        let action = Action::Status { status: 503, retry_after: Some(RetryAfter::Seconds(2)) };
        assert_eq!(rule, Rule::new(action).method("POST").path("/posts").times(3));
        let short: Rule = serde_json::from_value(json!({"action": "apply-then-close"})).unwrap();
        assert_eq!(short, Rule::new(Action::ApplyThenClose));
        let error = serde_json::from_value::<Rule>(json!({"action": "hang", "time": 3}));
        assert!(error.unwrap_err().to_string().contains("unknown field `time`"));
        assert!(Rule::new(Action::status(99)).check().is_err());
    }
}
