//! The search through all states of a model, and its report.

use std::fmt::Debug;
use std::hash::Hash;
use std::io::{Write, stderr};
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model, Path};

/// A model that can be searched, and described.
pub(crate) trait Checked:
    Model<State: Clone + PartialEq + Hash + Send + Sync, Action: Clone + PartialEq + Debug>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// Returns a line on what a step does to a state, or on the last state.
    fn told(state: &Self::State, step: Option<&Self::Action>) -> String;
}

/// Returns the number of edits that each side makes more than by default: `LOCKSTEP_MODEL_DEPTH`.
pub(crate) fn deeper() -> u8 {
    let depth = std::env::var("LOCKSTEP_MODEL_DEPTH").ok();
    depth.map_or(0, |depth| depth.parse().expect("LOCKSTEP_MODEL_DEPTH is a small number"))
}

/// Searches all states; every property must hold.
pub(crate) fn holds<M: Checked>(name: &str, model: &M) {
    holds_but(name, model, &[]);
}

/// Searches all states; every property must hold except these, which must not.
pub(crate) fn holds_but<M: Checked>(name: &str, model: &M, broken: &[&'static str]) {
    let started = Instant::now();
    let checker = model.clone().checker().threads(2).spawn_dfs().join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    say(&format!("{name}: {states} states, {steps} steps, {:.1?}", started.elapsed()));
    let discoveries = checker.discoveries();
    for property in model.properties() {
        let found = discoveries.contains_key(property.name);
        let expected = match property.expectation.discovery_is_failure() {
            true => broken.contains(&property.name),
            false => true,
        };
        if found != expected {
            let how = shortest(model, property.name).unwrap_or_default();
            unreachable!("{name}, {}: {found} instead of {expected}\n{how}", property.name);
        }
    }
}

/// Searches states until this property is broken, which it must be.
pub(crate) fn fails<M: Checked>(name: &str, model: &M, property: &'static str) {
    let found = shortest(model, property).expect("a counterexample");
    say(&format!("{name}: not true that {property}:\n{found}"));
}

/// Returns a shortest way to break a property, if there is one: the first that is found when no
/// longer way is tried.
fn shortest<M: Checked>(model: &M, property: &'static str) -> Option<String> {
    let mut states = 0;
    for depth in 1.. {
        let only = HasDiscoveries::AnyOf([property].into());
        let checker = model.clone().checker().finish_when(only).target_max_depth(depth);
        let checker = checker.spawn_bfs().join();
        if let Some(path) = checker.discovery(property) {
            return Some(told::<M>(path));
        }
        if states == checker.unique_state_count() {
            break;
        }
        states = checker.unique_state_count();
    }
    None
}

fn told<M: Checked>(path: Path<M::State, M::Action>) -> String {
    let steps = path.into_vec().into_iter();
    let lines: Vec<_> = steps.map(|(state, step)| M::told(&state, step.as_ref())).collect();
    format!("  {}", lines.join("\n  "))
}

/// Prints a line past the test harness, which keeps the output of a passing test to itself.
pub(crate) fn say(line: &str) {
    writeln!(stderr(), "{line}").expect("standard error");
}
