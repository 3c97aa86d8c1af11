//! Kinds of records: what the change log, offers and parked changes have to know of each.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::change_log::Change;

/// The most bytes of a key: an entry of an index holds no more than about 2,700.
pub const MAX_KEY: usize = 1_000;

/// A kind of records that this service keeps, and can publish again as they are now.
pub trait Resource: Debug + Send + Sync + 'static {
    /// Returns the name: it stands with each change, and before the first dot of a change's kind.
    fn name(&self) -> &'static str;

    /// Returns the table of the records.
    fn table(&self) -> Table;

    /// Returns the key that a text stands for, as it is written in the log; `None` if it cannot be a
    /// key of these records. PostgreSQL must be able to convert a key to [`Table::key_type`], and it has
    /// at most [`MAX_KEY`] bytes.
    fn key(&self, text: &str) -> Option<String>;

    /// Returns whether a change that no queue takes must wait until one does. If not, its events are
    /// only for those who have bound a queue.
    fn must_arrive(&self) -> bool;

    /// Returns the path of the feed of its changes, such as `/v1/orders/changes`.
    fn feed(&self) -> &'static str;

    /// Returns the values within its events by which its feed can be filtered.
    fn event_filters(&self) -> &'static [EventFilter] {
        &[]
    }

    /// Returns an offer of each of these records that exists, in any order. `principal` is the one
    /// that requested it, if known.
    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>>;

    /// Returns an offer of each of the next `limit` records after a key, in the order of the keys.
    fn offers_after<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        after: Option<&'a str>,
        limit: i64,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>>;

    /// Returns the number up to which this resource has read the log, if it reads it by number for a
    /// purpose of its own: nothing after it is trimmed. One that has not read since `since` is not
    /// waited for.
    fn has_read<'a>(
        &'a self,
        _connection: &'a mut AsyncPgConnection,
        _since: DateTime<Utc>,
    ) -> BoxFuture<'a, QueryResult<Option<i64>>> {
        async { Ok(None) }.boxed()
    }

    /// Returns which records are removed, and may be deleted after a while; `None` if none ever are.
    fn removals(&self) -> Option<Removals> {
        None
    }
}

/// A value within the events of a resource by which its feed can be filtered.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter {
    /// The name of the parameter.
    pub name: &'static str,
    /// The JSON pointer to the value, which is a text.
    pub pointer: &'static str,
    /// Fails with what was expected instead of a text that can be no such value.
    pub check: fn(&str) -> Result<(), &'static str>,
}

/// The table of a resource's records.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The table's name.
    pub name: &'static str,
    /// The column of the key.
    pub key: &'static str,
    /// The SQL type of that column.
    pub key_type: &'static str,
}

/// The removed records of a table that may be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Removals {
    /// The SQL condition that a record is one of them.
    pub which: &'static str,
    /// The column of the time at which it was removed, with an index.
    pub at: &'static str,
}

/// The resources of a service.
#[derive(Clone, Debug)]
pub struct Resources(Arc<[Arc<dyn Resource>]>);

impl Resources {
    /// Creates the resources of a service. The first one is meant where a request names none; only
    /// what serves no requests does without any.
    pub(crate) fn of(resources: Vec<Arc<dyn Resource>>) -> Self {
        Self(resources.into())
    }

    /// Returns the resource of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&dyn Resource> {
        self.0.iter().map(|resource| &**resource).find(|resource| resource.name() == name)
    }

    /// Returns the resource that is meant where a request names none.
    #[must_use]
    pub fn first(&self) -> &dyn Resource {
        &*self.0[0]
    }

    /// Returns the resource of this name, and the key that a text stands for in it, if both are known
    /// here. Whether the record exists is another question.
    #[must_use]
    pub fn record(&self, name: &str, text: &str) -> Option<(&'static str, String)> {
        let resource = self.named(name)?;
        let key = resource.key(text).filter(|key| key.len() <= MAX_KEY)?;
        Some((resource.name(), key))
    }

    /// Returns all of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = &dyn Resource> {
        self.0.iter().map(|resource| &**resource)
    }

    /// Returns the names, for a message.
    #[must_use]
    pub fn names(&self) -> String {
        self.0.iter().map(|resource| resource.name()).collect::<Vec<_>>().join(", ")
    }

    /// Returns whether a change of this resource must wait until a queue takes it. One of a resource
    /// that is not known here was written by another version of the service: it waits.
    pub(crate) fn must_arrive(&self, name: &str) -> bool {
        self.named(name).is_none_or(Resource::must_arrive)
    }

    /// Returns the SQL condition that the record of a row of `parked` exists. Each branch converts
    /// only keys of its own resource.
    pub(crate) fn record_exists(&self) -> String {
        let mut sql = "case parked.resource".to_owned();
        for resource in &*self.0 {
            let Table { name, key, key_type } = resource.table();
            // Writing to a string cannot fail.
            let _ = write!(
                sql,
                " when '{}' then exists (select from {name} where {name}.{key} = parked.key::{key_type})",
                resource.name()
            );
        }
        sql.push_str(" else false end");
        sql
    }
}
