//! Values as the database keeps them: times, and documents.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound as _, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns the time with the precision of PostgreSQL, so that the same value is written and read.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A value as `jsonb`.
#[derive(Clone, Debug, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct Json<T: Debug>(pub T);

/// The version number that precedes the text in PostgreSQL's binary form.
const JSONB_VERSION: u8 = 1;

impl<T: Debug + DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            // Parsing text that was checked to be UTF-8 as a whole is a quarter faster than parsing
            // bytes, where each string is checked separately.
            [JSONB_VERSION, text @ ..] => Ok(Self(serde_json::from_str(str::from_utf8(text)?)?)),
            _ => Err("jsonb of an unknown version".into()),
        }
    }
}

impl<T: Debug + Serialize> ToSql<Jsonb, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
