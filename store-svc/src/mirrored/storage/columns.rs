//! The columns of records that are written, one array for each.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{
    BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use service_kit::change_log::{Rows, bind_next};
use service_kit::database::Json;
use uuid::Uuid;

use super::super::record::{Record, Sending};

/// The names of the columns that [`RecordColumns`] binds, in that order; the one of the id is first.
pub(super) const NAMES: &str = ", r_id, r_parent, r_name, r_email, r_body, r_version, r_deleted, r_creator, \
    r_modifier, r_created_at, r_modified_at, r_remote_id, r_changed_version, r_sent_version, \
    r_refused_version, r_listed, r_base, r_attempt, r_sending, r_sending_digest, r_failures, r_failure, r_due";

/// The columns of records, one array for each.
#[derive(Debug)]
pub(super) struct RecordColumns<'a> {
    pub(super) id: Vec<i64>,
    parent: Vec<Option<i64>>,
    name: Vec<&'a str>,
    email: Vec<Option<&'a str>>,
    body: Vec<&'a str>,
    version: Vec<i64>,
    deleted: Vec<bool>,
    creator: Vec<Option<&'a str>>,
    modifier: Vec<Option<&'a str>>,
    created_at: Vec<DateTime<Utc>>,
    modified_at: Vec<DateTime<Utc>>,
    remote_id: Vec<Option<i64>>,
    changed_version: Vec<i64>,
    sent_version: Vec<i64>,
    refused_version: Vec<i64>,
    listed: Vec<bool>,
    base: Vec<Option<&'a str>>,
    attempt: Vec<Option<Uuid>>,
    sending: Vec<Option<Json<&'a Sending>>>,
    sending_digest: Vec<Option<String>>,
    failures: Vec<i32>,
    failure: Vec<Option<&'a str>>,
    due: Vec<bool>,
}

impl<'a> RecordColumns<'a> {
    pub(super) fn of(records: &[&'a Record]) -> Self {
        fn each<'a, T>(records: &[&'a Record], of: impl Fn(&'a Record) -> T) -> Vec<T> {
            records.iter().map(|record| of(record)).collect()
        }
        Self {
            id: each(records, |it| it.id),
            parent: each(records, |it| it.content.parent),
            name: each(records, |it| it.content.name.as_str()),
            email: each(records, |it| it.content.email.as_deref()),
            body: each(records, |it| it.content.body.as_str()),
            version: each(records, |it| it.version),
            deleted: each(records, |it| it.deleted),
            creator: each(records, |it| it.creator.as_deref()),
            modifier: each(records, |it| it.modifier.as_deref()),
            created_at: each(records, |it| it.created_at),
            modified_at: each(records, |it| it.modified_at),
            remote_id: each(records, |it| it.mirror.remote_id),
            changed_version: each(records, |it| it.mirror.changed_version),
            sent_version: each(records, |it| it.mirror.sent_version),
            refused_version: each(records, |it| it.mirror.refused_version),
            listed: each(records, |it| it.mirror.listed),
            base: each(records, |it| it.mirror.base.as_deref()),
            attempt: each(records, |it| it.mirror.attempt()),
            sending: each(records, |it| it.mirror.sending.as_ref().map(Json)),
            sending_digest: each(records, |it| {
                it.mirror.sending.as_ref().map(|sending| sending.content.digest())
            }),
            failures: each(records, |it| it.mirror.failures),
            failure: each(records, |it| it.mirror.failure.as_deref()),
            due: each(records, |it| it.mirror.due),
        }
    }

    /// Binds the columns after the first one.
    pub(super) fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>, rows: Rows) -> QueryResult<()> {
        bind_next::<Nullable<BigInt>, _>(out, rows, &self.parent)?;
        bind_next::<Text, _>(out, rows, &self.name)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.email)?;
        bind_next::<Text, _>(out, rows, &self.body)?;
        bind_next::<BigInt, _>(out, rows, &self.version)?;
        bind_next::<Bool, _>(out, rows, &self.deleted)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.creator)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.modifier)?;
        bind_next::<Timestamptz, _>(out, rows, &self.created_at)?;
        bind_next::<Timestamptz, _>(out, rows, &self.modified_at)?;
        bind_next::<Nullable<BigInt>, _>(out, rows, &self.remote_id)?;
        bind_next::<BigInt, _>(out, rows, &self.changed_version)?;
        bind_next::<BigInt, _>(out, rows, &self.sent_version)?;
        bind_next::<BigInt, _>(out, rows, &self.refused_version)?;
        bind_next::<Bool, _>(out, rows, &self.listed)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.base)?;
        bind_next::<Nullable<SqlUuid>, _>(out, rows, &self.attempt)?;
        bind_next::<Nullable<Jsonb>, _>(out, rows, &self.sending)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.sending_digest)?;
        bind_next::<Integer, _>(out, rows, &self.failures)?;
        bind_next::<Nullable<Text>, _>(out, rows, &self.failure)?;
        bind_next::<Bool, _>(out, rows, &self.due)
    }
}
