//! A parked change, as it is kept.

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

/// A parked change, as it is kept.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = parked)]
pub struct Parked {
    /// The event that was parked first.
    pub id: Uuid,
    /// The event that said it last.
    pub event_id: Uuid,
    /// The order that it is about.
    pub order_id: Option<Uuid>,
    /// The message that was parked last.
    pub body: Vec<u8>,
    /// Why it could not be carried the last time.
    pub reason: String,
    /// How often it was parked.
    pub attempts: i32,
    /// When it was parked first.
    pub first_at: DateTime<Utc>,
    /// When it was parked last.
    pub last_at: DateTime<Utc>,
    /// When it is offered again by itself.
    pub offer_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub state: State,
}

/// A state, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct State(pub ParkedState);

impl FromSql<Text, Pg> for State {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let name = value.as_bytes();
        let named = |state: &ParkedState| state.as_str().as_bytes() == name;
        Ok(Self(ParkedState::ALL.into_iter().find(named).ok_or("no state of a parked change")?))
    }
}

impl ToSql<Text, Pg> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_str().as_bytes())?;
        Ok(IsNull::No)
    }
}
