//! The row of a parked change.

use std::io::Write as _;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use shared_models::parked::ParkedState;
use uuid::Uuid;

use crate::database::schema::parked;

/// A parked change, as stored.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = parked)]
pub struct Parked {
    /// The event that was parked first.
    pub id: Uuid,
    /// The latest event of the change.
    pub event_id: Uuid,
    /// The resource of the record that the change is about, if known.
    pub resource: Option<String>,
    /// The key of that record.
    pub key: Option<String>,
    /// The body of the message that was parked last.
    pub body: Vec<u8>,
    /// The reason of the last failure.
    pub reason: String,
    /// The number of times that it was parked.
    pub attempts: i32,
    /// The time at which it was first parked.
    pub first_at: DateTime<Utc>,
    /// The time at which it was last parked.
    pub last_at: DateTime<Utc>,
    /// The time at which it is offered again, if it is.
    pub offer_at: Option<DateTime<Utc>>,
    /// The state of the change.
    pub state: State,
    /// The principal that replayed or dropped it last, if known.
    pub acted_by: Option<String>,
    /// The time at which somebody replayed or dropped it last.
    pub acted_at: Option<DateTime<Utc>>,
}

/// A state, stored by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct State(pub ParkedState);

impl FromSql<Text, Pg> for State {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let name = value.as_bytes();
        let named = |state: &ParkedState| state.as_str().as_bytes() == name;
        Ok(Self(
            ParkedState::ALL.into_iter().find(named).ok_or("unknown state of a parked change")?,
        ))
    }
}

impl ToSql<Text, Pg> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_str().as_bytes())?;
        Ok(IsNull::No)
    }
}
