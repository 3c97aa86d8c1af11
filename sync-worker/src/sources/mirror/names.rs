//! Records as the remote writes them: with its names of the fields. Pure.

use serde_json::{Map, Value, json};
use shared_models::mirror::{
    CommentFields, Fields, PostFields, RefusedRecord, RemoteComment, RemotePost,
};

use crate::settings::mirror::FieldNames;

/// A record, or what is sent of one, as the remote writes it.
pub(super) type Written = Map<String, Value>;

/// Returns what is sent of a record.
pub(super) fn written(fields: &Fields, names: &FieldNames) -> Written {
    let pairs = match fields {
        Fields::Post(PostFields { user_id, title, body }) => vec![
            (&names.user_id, json!(user_id)),
            (&names.title, json!(title)),
            (&names.body, json!(body)),
        ],
        Fields::Comment(CommentFields { post_remote_id, name, email, body }) => vec![
            (&names.post_id, json!(post_remote_id)),
            (&names.name, json!(name)),
            (&names.email, json!(email)),
            (&names.body, json!(body)),
        ],
    };
    pairs.into_iter().map(|(name, value)| (name.clone(), value)).collect()
}

/// Returns the id of a record of the remote. Some services keep the numbers of a form as texts.
pub(super) fn id(record: &Value, names: &FieldNames) -> Option<i64> {
    record.get(&names.id).and_then(integer).filter(|id| *id >= 0)
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Returns the parameters by which the remote may find a record that was sent: all but its text, which may
/// be too long for a URL.
pub(super) fn parameters(sent: &Written, names: &FieldNames) -> Vec<(String, String)> {
    let short = sent.iter().filter(|(name, value)| **name != names.body && !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    short.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Returns whether a record of the remote has just the fields that were sent.
pub(super) fn has(record: &Value, sent: &Written) -> bool {
    sent.iter().all(|(name, value)| {
        let found = record.get(name).unwrap_or(&Value::Null);
        match value.as_i64() {
            Some(number) => integer(found) == Some(number),
            None => found == value,
        }
    })
}

/// Reads records of the remote, of one kind.
pub(super) struct Reader<'a> {
    names: &'a FieldNames,
    /// The name of the field that keeps the key of a create.
    marker: Option<&'a str>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(names: &'a FieldNames, marker: Option<&'a str>) -> Self {
        Self { names, marker }
    }

    /// Reads a post. Its lengths and characters are checked by the store.
    pub(super) fn post(&self, record: &Value) -> Result<RemotePost, RefusedRecord> {
        let read = || {
            let user_id = match record.get(&self.names.user_id) {
                None | Some(Value::Null) => None,
                Some(value) => Some(self.integer_of(value, &self.names.user_id)?),
            };
            let remote_id = self.id(record)?;
            let title = self.text(record, &self.names.title)?;
            let body = self.text(record, &self.names.body)?;
            Ok(RemotePost { remote_id, user_id, title, body, marker: self.marker(record) })
        };
        read().map_err(|detail| self.refused(record, detail))
    }

    /// Reads a comment.
    pub(super) fn comment(&self, record: &Value) -> Result<RemoteComment, RefusedRecord> {
        let read = || {
            let post_id = record.get(&self.names.post_id).unwrap_or(&Value::Null);
            let post_remote_id = self.integer_of(post_id, &self.names.post_id)?;
            let remote_id = self.id(record)?;
            let name = self.text(record, &self.names.name)?;
            let email = self.text(record, &self.names.email)?;
            let body = self.text(record, &self.names.body)?;
            let marker = self.marker(record);
            Ok(RemoteComment { remote_id, post_remote_id, name, email, body, marker })
        };
        read().map_err(|detail| self.refused(record, detail))
    }

    fn id(&self, record: &Value) -> Result<i64, String> {
        id(record, self.names)
            .ok_or_else(|| format!("{}: expected an integer from 0", self.names.id))
    }

    fn integer_of(&self, value: &Value, name: &str) -> Result<i64, String> {
        integer(value).ok_or_else(|| format!("{name}: expected an integer"))
    }

    fn text(&self, record: &Value, name: &str) -> Result<String, String> {
        let text = record.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| format!("{name}: expected a text"))
    }

    fn marker(&self, record: &Value) -> Option<String> {
        record.get(self.marker?)?.as_str().map(str::to_owned)
    }

    fn refused(&self, record: &Value, detail: String) -> RefusedRecord {
        RefusedRecord { remote_id: id(record, self.names), detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> FieldNames {
        let [id, user_id, title, body] = ["uid", "author", "headline", "text"].map(str::to_owned);
        let [post_id, name, email] = ["postId", "name", "email"].map(str::to_owned);
        FieldNames { id, user_id, title, body, post_id, name, email }
    }

    fn post() -> Fields {
        let (title, body) = ("A".to_owned(), "b".to_owned());
        Fields::Post(PostFields { user_id: Some(7), title, body })
    }

    #[test]
    fn fields_have_the_names_that_the_remote_gives_them() {
        let sent = written(&post(), &names());
        assert_eq!(json!(sent), json!({"author": 7, "headline": "A", "text": "b"}));
        let record =
            json!({"uid": "9", "author": "7", "headline": "A", "text": "b", "m": "k", "x": 1});
        let read = Reader::new(&names(), Some("m")).post(&record).unwrap();
        let expected = RemotePost {
            remote_id: 9,
            user_id: Some(7),
            title: "A".to_owned(),
            body: "b".to_owned(),
            marker: Some("k".to_owned()),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_named_by_its_id_and_its_field() {
        let (names, posts) =
            (names(), |record: &Value| Reader::new(&self::names(), None).post(record).unwrap_err());
        let _ = names;
        let refused = posts(&json!({"uid": 9, "headline": 1, "text": "b"}));
        let expected =
            RefusedRecord { remote_id: Some(9), detail: "headline: expected a text".into() };
        assert_eq!(refused, expected);
        assert_eq!(posts(&json!({"id": 9})).detail, "uid: expected an integer from 0");
        assert_eq!(posts(&json!("x")).remote_id, None);
        let comment = Reader::new(&names, None).comment(&json!({"uid": 1})).unwrap_err();
        assert_eq!(comment.detail, "postId: expected an integer");
    }

    #[test]
    fn a_record_is_looked_up_by_its_short_fields_and_known_by_all() {
        let sent = written(&post(), &names());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parameters(&sent, &names()), [pair("author", "7"), pair("headline", "A")]);
        let stored = json!({"uid": 1, "author": "7", "headline": "A", "text": "b"});
        assert!(has(&stored, &sent));
        for (name, value) in [("author", json!(8)), ("text", json!("c")), ("headline", json!(null))]
        {
            let mut other = stored.clone();
            other[name] = value;
            assert!(!has(&other, &sent), "{other}");
        }
    }
}
