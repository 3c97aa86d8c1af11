//! Comparing the tables with what a program needs. Pure.

/// A migration of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Migration {
    /// The version by which the database knows it.
    pub(super) version: String,
    /// The name for people.
    pub(super) name: String,
}

/// The state of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tables {
    /// The tables are as this program defines them.
    UpToDate,
    /// A newer program has migrated them; these versions are unknown to this one. A new version of
    /// a service leaves the tables usable for the version before, so that it can be rolled back.
    Newer(Vec<String>),
    /// The tables lack these migrations.
    Behind(Vec<String>),
    /// None of the needed migrations has run, but these, which this program does not know.
    Earlier(Vec<String>),
}

impl Tables {
    /// Compares the needed migrations with the versions that have run.
    pub(super) fn compare(needed: &[Migration], ran: &[String]) -> Self {
        let missing = needed.iter().filter(|migration| !ran.contains(&migration.version));
        let missing = missing.map(|migration| migration.name.clone()).collect::<Vec<_>>();
        let is_known = |version: &&String| needed.iter().any(|it| it.version == **version);
        let unknown = ran.iter().filter(|version| !is_known(version)).cloned().collect::<Vec<_>>();
        match (missing.is_empty(), unknown.is_empty()) {
            (false, false) if missing.len() == needed.len() => Self::Earlier(unknown),
            (false, _) => Self::Behind(missing),
            (true, false) => Self::Newer(unknown),
            (true, true) => Self::UpToDate,
        }
    }

    /// Returns why migrating cannot bring the tables up to date, if it cannot.
    pub(super) fn cannot_be_migrated(&self) -> Option<String> {
        match self {
            Self::UpToDate | Self::Newer(_) | Self::Behind(_) => None,
            Self::Earlier(unknown) => Some(format!(
                "its tables are from a version before the first release (migrations {}), \
                 which cannot be migrated: use a new, empty database",
                unknown.join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tables::{Behind, Earlier, Newer, UpToDate};
    use super::*;

    #[test]
    fn tables_that_lack_something_are_behind_and_those_with_more_are_newer() {
        let migration = |name: &str| Migration { version: name.to_uppercase(), name: name.into() };
        let needed = [migration("a"), migration("b")];
        let some = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let cases = [
            (some(&[]), Behind(some(&["a", "b"]))),
            (some(&["A"]), Behind(some(&["b"]))),
            (some(&["B", "C"]), Behind(some(&["a"]))),
            (some(&["A", "B"]), UpToDate),
            (some(&["A", "B", "C"]), Newer(some(&["C"]))),
            (some(&["C"]), Earlier(some(&["C"]))),
        ];
        for (ran, expected) in cases {
            assert_eq!(Tables::compare(&needed, &ran), expected, "{ran:?}");
        }
    }
}
