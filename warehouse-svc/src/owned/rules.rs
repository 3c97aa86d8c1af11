//! The decisions about records: what a caller and an upstream change. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Map;

use super::input::Input;
use super::kind::Kind;
use super::record::{Conflict, Fields, Happened, Record, Written};

/// A record as it is to be, and the values that give way to it. Its version and its times are not set yet:
/// [`written`] sets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desired {
    pub(crate) record: Record,
    pub(crate) conflicts: Vec<Conflict>,
}

/// Returns the record that a caller creates. Nobody else owns it.
pub(super) fn created(id: i64, input: Input) -> Desired {
    let Input { fields, note } = input;
    let record = Record { fields, note, ..new(id) };
    Desired { record, conflicts: vec![] }
}

fn new(id: i64) -> Record {
    Record {
        id,
        fields: vec![],
        note: None,
        active: true,
        source: None,
        edited: BTreeSet::new(),
        deleted: false,
        version: 0,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

/// Returns a record as a caller sets it. If an upstream owns it, the fields that were edited are remembered:
/// it overwrites them with the next pull.
pub(super) fn set(here: &Record, input: Input) -> Desired {
    let Input { fields, note } = input;
    let mut edited = here.edited.clone();
    if here.source.is_some() {
        edited.extend(different(&here.fields, &fields));
    }
    Desired { record: Record { fields, note, edited, ..here.clone() }, conflicts: vec![] }
}

/// Returns a record that a caller removes: without its texts, and owned by nobody.
pub(crate) fn removed(here: &Record) -> Desired {
    let Record { version, created_at, updated_at, .. } = *here;
    let fields = vec![None; here.fields.len()];
    let record = Record { fields, deleted: true, version, created_at, updated_at, ..new(here.id) };
    Desired { record, conflicts: vec![] }
}

/// Returns a record as an upstream sends it, which owns it from then on. What a caller has edited gives way,
/// and so does the removal of one that is removed here. Fails with the name of another upstream that owns
/// the record.
pub(crate) fn as_pulled(
    kind: &Kind,
    here: Option<&Record>,
    id: i64,
    fields: Fields,
    source: &str,
) -> Result<Desired, String> {
    let owned = |record| Record { source: Some(source.to_owned()), active: true, ..record };
    let Some(here) = here else {
        return Ok(Desired { record: owned(Record { fields, ..new(id) }), conflicts: vec![] });
    };
    if here.deleted {
        let conflicts = vec![Conflict::new("deleted", true, false)];
        return Ok(Desired { record: owned(Record { fields, ..new(id) }), conflicts });
    }
    let is_ours = match here.source.as_deref() {
        None => true,
        Some(owner) if owner == source => false,
        Some(other) => return Err(other.to_owned()),
    };
    let different = different(&here.fields, &fields);
    let is_from_here = |index: &usize| is_ours || here.edited.contains(index);
    let conflict = |index: &usize| {
        let [lost, kept] = [&here.fields, &fields].map(|fields| fields[*index].clone());
        Conflict::new(kind.fields[*index].name, lost, kept)
    };
    let conflicts = different.iter().filter(|index| is_from_here(index)).map(conflict).collect();
    // All fields are as the upstream has them then.
    let edited = BTreeSet::new();
    Ok(Desired { record: owned(Record { fields, edited, ..here.clone() }), conflicts })
}

fn different(here: &Fields, other: &Fields) -> BTreeSet<usize> {
    let both = here.iter().zip(other).enumerate();
    both.filter(|(_, (here, other))| here != other).map(|(index, _)| index).collect()
}

/// Returns what is to be written so that a record becomes as it is to be; `None` if it is so already. What
/// belongs to it and is stored elsewhere may have changed (`and_more`).
pub(crate) fn written(
    here: Option<&Record>,
    desired: Desired,
    and_more: bool,
    now: DateTime<Utc>,
) -> Option<Written> {
    let is_same = here.is_some_and(|here| has_contents_of(here, &desired.record));
    (and_more || !is_same).then(|| write(here, desired, now))
}

/// Returns a record as it is written, with its new version and times.
pub(crate) fn write(here: Option<&Record>, desired: Desired, now: DateTime<Utc>) -> Written {
    let Desired { mut record, conflicts } = desired;
    let before = here.filter(|here| !here.deleted);
    let happened = match before {
        _ if record.deleted => Happened::Removed,
        None => Happened::Created,
        Some(_) => Happened::Changed,
    };
    record.version = here.map_or(0, |here| here.version) + 1;
    record.created_at = before.map_or(now, |before| before.created_at);
    record.updated_at = now;
    Written { record, happened, conflicts, more: Map::new() }
}

/// Returns a record as it is written if only what belongs to it, and is stored elsewhere, has changed.
pub(crate) fn touched(here: &Record, now: DateTime<Utc>) -> Written {
    let desired = Desired { record: here.clone(), conflicts: vec![] };
    write(Some(here), desired, now)
}

fn has_contents_of(here: &Record, other: &Record) -> bool {
    let contents = |it: &Record| (it.note.clone(), it.active, it.source.clone(), it.deleted);
    here.fields == other.fields && contents(here) == contents(other)
}

#[cfg(test)]
mod tests {
    use program_kit::http::problem::FieldError;
    use serde_json::json;

    use super::super::kind::{Events, Field, common_expectation};
    use super::*;

    const KIND: Kind = Kind {
        resource: "thing",
        table: "things",
        path: "/v1/things",
        feed: "/v1/things/changes",
        events: Events { created: "c", changed: "ch", removed: "r", offered: "o" },
        fields: &[Field::required("name", "a"), Field::optional("fax")],
        expectation: common_expectation,
        more: None,
    };

    fn fields(name: &str, fax: Option<&str>) -> Fields {
        vec![Some(name.to_owned()), fax.map(str::to_owned)]
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(9, 0).unwrap()
    }

    fn pulled(here: Option<&Record>, sent: Fields) -> Desired {
        as_pulled(&KIND, here, 7, sent, "upstream").unwrap()
    }

    fn stored(desired: Desired) -> Record {
        written(None, desired, false, DateTime::UNIX_EPOCH).unwrap().record
    }

    fn edited(here: &Record, name: &str, fax: Option<&str>) -> Record {
        let input = Input { fields: fields(name, fax), note: here.note.clone() };
        written(Some(here), set(here, input), false, now()).unwrap().record
    }

    #[test]
    fn what_is_pulled_again_changes_nothing() {
        let here = stored(pulled(None, fields("a", Some("1"))));
        assert_eq!((here.version, here.source.as_deref()), (1, Some("upstream")));
        let again = pulled(Some(&here), fields("a", Some("1")));
        assert_eq!(written(Some(&here), again, false, now()), None);
        let cleared = pulled(Some(&here), fields("a", None));
        let cleared = written(Some(&here), cleared, false, now()).unwrap();
        assert_eq!((cleared.record.version, cleared.happened), (2, Happened::Changed));
        assert_eq!(cleared.conflicts, []);
    }

    #[test]
    fn a_note_stays_and_an_edit_gives_way_and_is_recorded() {
        let mut here = stored(pulled(None, fields("a", Some("1"))));
        here.note = Some("ours".into());
        let here = edited(&here, "b", Some("1"));
        assert_eq!(here.edited, BTreeSet::from([0]));
        let pulled = pulled(Some(&here), fields("a", Some("2")));
        assert_eq!(pulled.record.note.as_deref(), Some("ours"));
        assert_eq!(pulled.record.edited, BTreeSet::new());
        // The fax is what the upstream itself had changed.
        assert_eq!(pulled.conflicts, [Conflict::new("name", "b", "a")]);
        let conflict = serde_json::to_value(&pulled.conflicts[0]).unwrap();
        let rule = "upstream owns it";
        assert_eq!(conflict, json!({"field": "name", "kept": "a", "lost": "b", "rule": rule}));
    }

    #[test]
    fn a_record_of_this_side_is_taken_over_and_all_that_differs_gives_way() {
        let here = stored(created(7, Input { fields: fields("b", Some("1")), note: None }));
        assert_eq!(edited(&here, "c", None).edited, BTreeSet::new());
        let taken = pulled(Some(&here), fields("a", Some("1")));
        assert_eq!(taken.conflicts, [Conflict::new("name", "b", "a")]);
        assert_eq!(taken.record.source.as_deref(), Some("upstream"));
        let same = pulled(Some(&here), fields("b", Some("1")));
        assert_eq!(same.conflicts, []);
        assert!(written(Some(&here), same, false, now()).is_some(), "the owner is another");
    }

    #[test]
    fn a_record_of_another_upstream_stands_until_it_is_removed_here() {
        let here = stored(as_pulled(&KIND, None, 7, fields("a", None), "other").unwrap());
        let refused = as_pulled(&KIND, Some(&here), 7, fields("a", None), "upstream");
        assert_eq!(refused, Err("other".to_owned()));
        let gone = written(Some(&here), removed(&here), false, now()).unwrap();
        assert_eq!((gone.happened, gone.record.source.clone()), (Happened::Removed, None));
        assert_eq!(gone.record.fields, [None, None]);
        let back = pulled(Some(&gone.record), fields("b", None));
        assert_eq!(back.conflicts, [Conflict::new("deleted", true, false)]);
        let back = written(Some(&gone.record), back, false, now()).unwrap();
        assert_eq!((back.happened, back.record.version), (Happened::Created, 3));
        assert_eq!(back.record.created_at, now());
    }

    #[test]
    fn what_belongs_to_a_record_may_have_changed_alone() {
        let here = stored(pulled(None, fields("a", None)));
        let same = || Desired { record: here.clone(), conflicts: vec![] };
        assert_eq!(written(Some(&here), same(), false, now()), None);
        let changed = written(Some(&here), same(), true, now()).unwrap();
        assert_eq!((changed.record.version, changed.happened), (2, Happened::Changed));
    }

    #[test]
    fn all_that_is_wrong_is_named() {
        let checked = |body: serde_json::Value, may_have_id| {
            let errors = Input::checked(&KIND, body.as_object().unwrap(), may_have_id).unwrap_err();
            errors.into_iter().map(|error: FieldError| error.field).collect::<Vec<_>>()
        };
        let long = "é".repeat(256);
        let wrong = json!({"id": 1, "fax": long, "note": "a\0", "colour": "red", "active": false});
        assert_eq!(checked(wrong.clone(), true), ["active", "colour", "name", "fax", "note"]);
        assert_eq!(checked(wrong, false), ["active", "colour", "id", "name", "fax", "note"]);
        let blank = json!({"name": " ", "fax": " ", "note": "\n"});
        assert_eq!(checked(blank, true), ["name"]);
    }
}
