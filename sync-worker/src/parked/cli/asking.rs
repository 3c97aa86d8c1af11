//! The confirmation of dropping everything.

use std::io::{self, IsTerminal as _, Write as _};

use shared_models::side::Side;

/// Asks whether to drop all parked changes. Without a terminal the answer is no.
pub(super) fn means_to_drop_all(side: Option<Side>) -> io::Result<bool> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() {
        return Ok(false);
    }
    let at = side.map_or("at both sides".to_owned(), |side| format!("at the {side}"));
    write!(stderr, "Drop all that is parked {at}? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for (answer, yes) in [("y\n", true), (" Yes \n", true), ("\n", false), ("", false)] {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
        assert!(!is_yes("yesterday") && !is_yes("n"));
    }
}
