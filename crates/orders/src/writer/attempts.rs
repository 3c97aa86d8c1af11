//! Attempts to write some edits of one order, some of which may have been committed without an
//! answer. Pure.

use std::collections::HashSet;

use service_kit::database::DatabaseError;
use service_kit::error::Error;
use uuid::Uuid;

use crate::local_change::{Changed, Edited};

/// The most offers of one order while a caller waits for its edit: far more than anybody asks for.
const OFFERS: i64 = 1_000;

/// Attempts to write the same edits.
pub(super) struct Attempts<P> {
    /// The current attempt, until PostgreSQL proves that it was rolled back.
    current: Option<Edited<P>>,
    /// Earlier attempts with an unknown outcome.
    unknown: Vec<Edited<P>>,
    /// The attempt that was found in the log.
    found: Option<Edited<P>>,
}

/// The state of the attempts after one has ended.
#[expect(
    clippy::large_enum_variant,
    reason = "the large variant is the usual one, and is destructured at once"
)]
pub(super) enum Conclusion<P> {
    /// The edits were written, or never will be; `None` if there is no such order.
    Known(Result<Option<Edited<P>>, Error>),
    /// A concurrent write came first, and nothing was written.
    Overtaken,
    /// An attempt may have been committed, or may yet be.
    Unknown(Error),
}

impl<P> Attempts<P> {
    /// Begins an attempt; returns the changes to write.
    pub(super) fn begin(&mut self, edited: Edited<P>) -> &[Changed<P>] {
        &self.current.insert(edited).changes
    }

    /// Records that the current attempt was rolled back.
    pub(super) fn rolled_back(&mut self) {
        self.current = None;
    }

    /// Returns the events that identify the attempts with an unknown outcome in the log: one of
    /// each, because a single statement writes all of an attempt.
    pub(super) fn events(&self) -> Vec<Uuid> {
        self.unknown.iter().filter_map(first_event).collect()
    }

    /// Returns how many entries the order may have since the first of these attempts, if it has this
    /// version now: one for each version, and some for offers, which change none.
    pub(super) fn entries_since(&self, version: i64) -> i64 {
        let begun = self.unknown.iter().filter_map(|it| Some(it.changes.first()?.order.version));
        let versions = begun.min().map_or(0, |first| version.saturating_sub(first).max(0) + 1);
        versions.saturating_add(OFFERS)
    }

    /// Looks for an attempt that is in the log; at most one is, because each compares the version.
    /// One that was found is written, however the transaction that looked ends.
    pub(super) fn find(&mut self, recorded: &HashSet<Uuid>) -> bool {
        let is_recorded = |it: &Edited<P>| first_event(it).is_some_and(|id| recorded.contains(&id));
        match self.unknown.iter().position(is_recorded) {
            Some(index) => {
                self.found = Some(self.unknown.swap_remove(index));
                true
            }
            None => false,
        }
    }

    /// Concludes from the end of an attempt.
    pub(super) fn conclude(&mut self, ended: Result<(), Error>) -> Conclusion<P> {
        if let Some(found) = self.found.take() {
            return Conclusion::Known(Ok(Some(found)));
        }
        let error = match ended {
            Ok(()) => return Conclusion::Known(Ok(self.current.take())),
            Err(error) => error,
        };
        match self.current.take() {
            // There was nothing to write, so nothing is in doubt.
            Some(edited) if edited.changes.is_empty() => {
                return Conclusion::Known(Ok(Some(edited)));
            }
            Some(edited) => self.unknown.push(edited),
            None => {}
        }
        match (self.unknown.is_empty(), error) {
            (true, Error::Overtaken) => Conclusion::Overtaken,
            // The statement that got no answer was a read.
            (true, Error::Database(DatabaseError::OutcomeUnknown(reason))) => {
                Conclusion::Known(Err(DatabaseError::Unavailable(reason).into()))
            }
            (true, error) => Conclusion::Known(Err(error)),
            (false, error) => Conclusion::Unknown(error),
        }
    }
}

fn first_event<P>(edited: &Edited<P>) -> Option<Uuid> {
    edited.changes.first().map(|changed| changed.record.event.id)
}

impl<P> Default for Attempts<P> {
    fn default() -> Self {
        Self { current: None, unknown: vec![], found: None }
    }
}

#[cfg(test)]
mod tests {
    use super::Conclusion::{Known, Overtaken, Unknown};
    use super::*;
    use crate::Order;
    use service_kit::database::now;
    use shared_models::side::Side;

    /// An attempt that writes one change, or none.
    fn edited(count: usize) -> Edited<()> {
        let order = Order::<()>::blank(Uuid::now_v7(), now());
        let changes = (0..count).map(|_| Changed::created(Side::Store, order.clone())).collect();
        Edited { outcomes: vec![], changes, order }
    }

    fn broken() -> Result<(), Error> {
        Err(DatabaseError::OutcomeUnknown("gone".into()).into())
    }

    #[test]
    fn an_attempt_that_was_proven_to_be_rolled_back_leaves_no_doubt() {
        let mut attempts = Attempts::default();
        attempts.begin(edited(1));
        attempts.rolled_back();
        assert!(matches!(attempts.conclude(Err(Error::Overtaken)), Overtaken));
        let Known(Err(error)) = attempts.conclude(broken()) else { panic!("nothing is in doubt") };
        assert!(matches!(error, Error::Database(DatabaseError::Unavailable(_))), "{error:?}");
        assert!(attempts.events().is_empty());
    }

    #[test]
    fn an_attempt_that_was_not_stays_in_doubt_whatever_comes_after_it() {
        let mut attempts = Attempts::default();
        let event = attempts.begin(edited(1))[0].record.event.id;
        assert!(matches!(attempts.conclude(broken()), Unknown(_)));
        assert!(matches!(attempts.conclude(Err(Error::Overtaken)), Unknown(_)));
        assert_eq!(attempts.events(), [event]);
        assert!(!attempts.find(&HashSet::new()));
        assert!(attempts.find(&HashSet::from([event])));
        let Known(Ok(Some(found))) = attempts.conclude(Ok(())) else { panic!("it was found") };
        assert_eq!(found.changes[0].record.event.id, event);
    }

    #[test]
    fn it_is_looked_for_among_as_many_entries_as_there_are_versions_since() {
        let mut attempts = Attempts::default();
        for version in [12, 10, 11] {
            let mut attempt = edited(2);
            attempt.changes[0].order.version = version;
            attempts.begin(attempt);
            assert!(matches!(attempts.conclude(broken()), Unknown(_)));
        }
        assert_eq!(attempts.entries_since(10), 1 + OFFERS);
        assert_eq!(attempts.entries_since(2_000_010), 2_000_001 + OFFERS);
        // The order was set back meanwhile.
        assert_eq!(attempts.entries_since(3), 1 + OFFERS);
    }

    #[test]
    fn an_attempt_that_was_seen_in_the_log_is_written_however_the_look_ends() {
        let refused =
            || Err(DatabaseError::Query(diesel::result::Error::RollbackTransaction).into());
        let unavailable = || Err(DatabaseError::Unavailable("gone".into()).into());
        for ended in [Ok(()), broken(), refused(), unavailable()] {
            let mut attempts = Attempts::default();
            let event = attempts.begin(edited(1))[0].record.event.id;
            assert!(matches!(attempts.conclude(broken()), Unknown(_)));
            assert!(attempts.find(&HashSet::from([event])));
            attempts.rolled_back();
            let Known(Ok(Some(found))) = attempts.conclude(ended) else { panic!("it was found") };
            assert_eq!(found.changes[0].record.event.id, event);
        }
    }

    #[test]
    fn edits_that_change_nothing_are_never_in_doubt() {
        let mut attempts = Attempts::default();
        attempts.begin(edited(0));
        assert!(matches!(attempts.conclude(broken()), Known(Ok(Some(_)))));
    }
}
