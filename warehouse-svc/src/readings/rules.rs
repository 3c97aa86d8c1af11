//! The decisions about readings: which of two stands, and what a client is told. Pure.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::swap;

use chrono::{DateTime, TimeDelta, Utc};
use program_kit::http::problem::{Kind as ProblemKind, Problem};
use uuid::Uuid;

use super::record::{Expiration, Reading, Seen, Shown, State};

/// What becomes of a reading that is uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There was none: it is created.
    Create,
    /// The one here is older: it is overwritten.
    Overwrite,
    /// The one here is the same: nothing is to be done.
    Same,
    /// The one here has the same time and another content, and stands.
    Tie,
    /// The one here is newer, and stands.
    HereIsNewer,
}

/// Decides about a reading that is uploaded. The same rule stands in [`newest_of_each`], [`is_news`] and
/// `docs/readings.md` (which has what a client does with what it is told), and with the clients of the
/// test `readings/model.rs`.
pub(super) fn decide(here: Option<&State>, uploaded: &State) -> Verdict {
    let Some(here) = here else { return Verdict::Create };
    match here.updated_at.cmp(&uploaded.updated_at) {
        Ordering::Less => Verdict::Overwrite,
        Ordering::Greater => Verdict::HereIsNewer,
        Ordering::Equal if is_same(here, uploaded) => Verdict::Same,
        Ordering::Equal => Verdict::Tie,
    }
}

/// Returns whether two readings of the same time say the same, however the date is written.
fn is_same(here: &State, uploaded: &State) -> bool {
    let expires = |state: &State| state.expiration.as_ref().map(|it| it.at);
    here.deleted == uploaded.deleted && (here.deleted || expires(here) == expires(uploaded))
}

/// Keeps the newest of each GTIN, and of equally new ones the last. Returns them in the order of their
/// GTINs, by which all writers lock, and the GTINs that occurred more than once.
pub(super) fn newest_of_each(uploaded: Vec<State>) -> (Vec<State>, Vec<String>) {
    let (mut newest, mut repeated) = (BTreeMap::<String, State>::new(), BTreeSet::new());
    for state in uploaded {
        let before = newest.get(&state.gtin);
        if before.is_some() {
            repeated.insert(state.gtin.clone());
        }
        if before.is_none_or(|before| before.updated_at <= state.updated_at) {
            newest.insert(state.gtin.clone(), state);
        }
    }
    (newest.into_values().collect(), repeated.into_iter().collect())
}

/// The readings that an upload overwrites, and those that stand against it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The readings that are overwritten, as they are now.
    pub(super) overwritten: Vec<Reading>,
    /// The readings here that are newer than what was uploaded.
    pub(super) newer: Vec<State>,
    /// The readings here that have the same time as what was uploaded, and another content.
    pub(super) ties: Vec<State>,
}

/// Decides about the readings of an upload that exist here.
pub(super) fn decide_all(mut here: HashMap<String, Reading>, uploaded: &[State]) -> Outcome {
    let mut outcome = Outcome::default();
    for state in uploaded {
        let Some(Reading { state: standing, version }) = here.remove(&state.gtin) else { continue };
        match decide(Some(&standing), state) {
            Verdict::Create | Verdict::Overwrite => {
                let state = state.clone();
                outcome.overwritten.push(Reading { state, version: version + 1 });
            }
            Verdict::Same => {}
            Verdict::Tie => outcome.ties.push(standing),
            Verdict::HereIsNewer => outcome.newer.push(standing),
        }
    }
    outcome
}

/// The dates of what a client has just uploaded, by GTIN.
pub(super) type Uploaded<'a> = HashMap<&'a str, DateTime<Utc>>;

/// Returns whether a reading of the server is news for a client that has just uploaded its own: another
/// client may have uploaded a newer one since.
fn is_news(gtin: &str, updated_at: DateTime<Utc>, uploaded: &Uploaded<'_>) -> bool {
    uploaded.get(gtin).is_none_or(|own| *own < updated_at)
}

/// Returns what a client lacks that knows only dates: what is dated after its own, newest first, and
/// what is newer than its upload. It hears nothing of removed readings.
pub(super) fn answer_by_date(
    since: Vec<State>,
    newer: Vec<State>,
    uploaded: &Uploaded<'_>,
) -> Vec<Shown<'static>> {
    let since = since.into_iter().filter(|it| is_news(&it.gtin, it.updated_at, uploaded));
    let newer = newer.into_iter().filter(|state| !state.deleted);
    let mut lacking = newest_states(newer.chain(since));
    lacking.sort_by(|one, other| (other.updated_at, &other.gtin).cmp(&(one.updated_at, &one.gtin)));
    lacking.into_iter().map(Shown::from).collect()
}

/// Keeps the newest of each GTIN.
fn newest_states(states: impl Iterator<Item = State>) -> Vec<State> {
    let mut newest = BTreeMap::<String, State>::new();
    for state in states {
        let before = newest.get(&state.gtin);
        if before.is_none_or(|before| before.updated_at <= state.updated_at) {
            newest.insert(state.gtin.clone(), state);
        }
    }
    newest.into_values().collect()
}

/// Returns what a client with a cursor lacks: of each reading with changes after the cursor the newest
/// of these, unless it is the client's own, or not newer than its upload; and of what it uploaded what
/// stands against that. `seen` is in the order of the log, in which the changes of a reading are in the
/// order of its versions.
pub(super) fn answer_by_cursor<'a>(
    mut seen: Vec<Seen<'a>>,
    standing: impl IntoIterator<Item = State>,
    client: Uuid,
    uploaded: &Uploaded<'_>,
) -> Vec<Shown<'a>> {
    seen.sort_by(|one, other| one.gtin.cmp(&other.gtin));
    seen.dedup_by(|later, earlier| {
        let is_same = later.gtin == earlier.gtin;
        if is_same {
            swap(later, earlier);
        }
        is_same
    });
    seen.retain(|it| it.client != Some(client) && is_news(&it.gtin, it.updated_at, uploaded));
    let is_told = |gtin: &str| seen.binary_search_by(|it| (*it.gtin).cmp(gtin)).is_ok();
    let standing = standing.into_iter().filter(|state| !is_told(&state.gtin)).collect::<Vec<_>>();
    seen.into_iter().map(Seen::show).chain(standing.into_iter().map(Shown::from)).collect()
}

/// A reading as a caller sets it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) gtin: String,
    /// The time that the caller has given, if any.
    pub(super) updated_at: Option<DateTime<Utc>>,
    pub(super) expiration: Expiration,
}

/// Returns the state that a caller sets. Without a time of its own it is dated now, or just after the
/// one here, if that is dated ahead.
pub(super) fn wanted(wanted: Wanted, here: Option<&State>, now: DateTime<Utc>) -> State {
    let Wanted { gtin, updated_at, expiration } = wanted;
    let updated_at = updated_at.unwrap_or_else(|| after(here, now));
    State { gtin, updated_at, expiration: Some(expiration), deleted: false }
}

fn after(here: Option<&State>, now: DateTime<Utc>) -> DateTime<Utc> {
    let next = here.and_then(|here| here.updated_at.checked_add_signed(TimeDelta::microseconds(1)));
    next.map_or(now, |next| next.max(now))
}

/// What becomes of a reading that a caller sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Put {
    /// The reading, as it is now.
    pub(super) reading: Reading,
    /// Whether there was none, or a removed one.
    pub(super) is_new: bool,
    /// The same reading, if it is to be written.
    pub(super) changed: Option<Reading>,
}

/// Decides about a reading that a caller sets; fails if the one here stands.
pub(super) fn put(
    given: Wanted,
    here: Option<Reading>,
    now: DateTime<Utc>,
) -> Result<Put, Problem> {
    let before = here.as_ref().map(|here| &here.state);
    let state = wanted(given, before, now);
    let is_new = before.is_none_or(|before| before.deleted);
    match (decide(before, &state), here) {
        (Verdict::Same, Some(reading)) => Ok(Put { reading, is_new: false, changed: None }),
        (Verdict::Tie | Verdict::HereIsNewer, Some(here)) => Err(stands(&here.state)),
        (Verdict::Create | Verdict::Overwrite, Some(Reading { version, .. })) => {
            Ok(Put::written(Reading { state, version: version + 1 }, is_new))
        }
        (_, None) => Ok(Put::written(Reading { state, version: 1 }, is_new)),
    }
}

impl Put {
    fn written(reading: Reading, is_new: bool) -> Self {
        Self { changed: Some(reading.clone()), reading, is_new }
    }
}

/// Returns a reading that a caller removes.
pub(super) fn removed(here: Reading, now: DateTime<Utc>) -> Reading {
    let updated_at = after(Some(&here.state), now);
    let state = State { updated_at, expiration: None, deleted: true, ..here.state };
    Reading { state, version: here.version + 1 }
}

fn stands(here: &State) -> Problem {
    let what = if here.deleted { "was removed at" } else { "is of" };
    let detail = format!(
        "the reading here {what} {}, which is not older than what you send; read it again, and send a \
         newer updated_at, or none",
        here.updated_at
    );
    Problem::new(ProblemKind::Conflict, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::record::expiration;
    use super::*;

    fn state(gtin: &str, second: i64) -> State {
        let updated_at = DateTime::from_timestamp(second, 0).unwrap();
        let expiration = expiration("2027-03-31".into()).ok();
        State { gtin: gtin.into(), updated_at, expiration, deleted: false }
    }

    fn removal(gtin: &str, second: i64) -> State {
        State { expiration: None, deleted: true, ..state(gtin, second) }
    }

    #[test]
    fn the_later_date_stands_and_of_equal_ones_what_is_here() {
        let here = state("1", 5);
        for (uploaded, expected) in [
            (state("1", 4), Verdict::HereIsNewer),
            (state("1", 5), Verdict::Same),
            (state("1", 6), Verdict::Overwrite),
            (removal("1", 4), Verdict::HereIsNewer),
            (removal("1", 5), Verdict::Tie),
            (removal("1", 6), Verdict::Overwrite),
        ] {
            assert_eq!(decide(Some(&here), &uploaded), expected, "{uploaded:?}");
            assert_eq!(decide(None, &uploaded), Verdict::Create);
        }
    }

    #[test]
    fn of_several_the_newest_counts_and_of_equally_new_ones_the_last() {
        let uploaded = vec![state("b", 1), state("a", 2), state("a", 1), removal("b", 1)];
        let (newest, repeated) = newest_of_each(uploaded);
        assert_eq!(newest, [state("a", 2), removal("b", 1)]);
        assert_eq!(repeated, ["a", "b"]);
    }

    #[test]
    fn by_date_a_client_is_told_what_is_newer_than_its_upload_once() {
        let [one, two, three] = ["1", "2", "3"].map(|gtin| state(gtin, 5));
        let uploaded = HashMap::from([("1", one.updated_at), ("2", state("2", 4).updated_at)]);
        let told =
            answer_by_date(vec![three.clone(), two.clone(), one], vec![two.clone()], &uploaded);
        assert_eq!(told, [three, two].map(Shown::from));
    }

    fn event(kind: &str, gtin: &str, version: i64, client: Option<Uuid>) -> String {
        let event = json!({
            "kind": kind, "gtin": gtin, "version": version, "updated_at": "2026-11-28T09:30:00Z",
            "expiration_date": "2027-03-31", "deleted": kind == "reading.removed", "client": client,
        });
        event.to_string()
    }

    #[test]
    fn a_client_is_told_the_newest_of_each_reading_unless_it_is_its_own() {
        const CHANGED: &str = "reading.changed";
        let [me, other] = [1, 2].map(|client| Some(Uuid::from_u128(client)));
        let log = [
            event(CHANGED, "mine", 1, other),
            event(CHANGED, "mine", 2, me),
            event(CHANGED, "theirs", 1, me),
            event("reading.removed", "theirs", 2, other),
            event(CHANGED, "uploaded", 1, other),
            event(CHANGED, "nobody's \"one\"", 7, None),
            event(CHANGED, "overtaken", 3, other),
        ];
        let log = log.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        let seen_at = "2026-11-28T09:30:00Z".parse::<DateTime<Utc>>().unwrap();
        let earlier = seen_at - TimeDelta::seconds(1);
        let uploaded = HashMap::from([
            ("uploaded", seen_at),
            ("standing", earlier),
            // Another client was newer, after the upload was written and before the log was read.
            ("overtaken", earlier),
        ]);
        let standing = [state("standing", 9), state("overtaken", 9)];
        let told = answer_by_cursor(log, standing, me.unwrap(), &uploaded);
        let told = told.iter().map(|shown| serde_json::to_value(shown).unwrap());
        let told = told.map(|shown| (shown["gtin"].clone(), shown["deleted"].clone()));
        let expected = [
            (json!("nobody's \"one\""), Value::Null),
            (json!("overtaken"), Value::Null),
            (json!("theirs"), json!(true)),
            (json!("standing"), Value::Null),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_a_date_a_caller_wins_also_over_what_is_dated_ahead() {
        let now = DateTime::from_timestamp(5, 0).unwrap();
        for second in [4, 5, 6] {
            let here = Reading { state: state("1", second), version: 3 };
            let expiration = expiration("2028-01-01".into()).unwrap();
            let given = Wanted { gtin: "1".into(), updated_at: None, expiration };
            let put = put(given, Some(here.clone()), now).unwrap();
            assert!(put.reading.state.updated_at > here.state.updated_at, "{put:?}");
            assert!(put.reading.state.updated_at >= now && put.reading.version == 4, "{put:?}");
            let removed = removed(here.clone(), now);
            assert!(removed.state.updated_at > here.state.updated_at, "{removed:?}");
        }
    }
}
