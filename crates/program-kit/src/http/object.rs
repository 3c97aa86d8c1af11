//! A JSON object read as a struct. serde would read the struct's fields from a list as well.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An object, never a list.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Reading(PhantomData))
    }
}

/// Parses a list of objects, for `deserialize_with`.
pub fn objects<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(from)?;
    Ok(objects.into_iter().map(|Object(object)| object).collect())
}

struct Reading<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reading<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// An object with the fields of `T`, and with an `id`, which may be missing. (serde's own way,
/// `flatten`, would buffer all fields, and does not go with `deny_unknown_fields`.)
#[derive(Debug)]
pub struct WithId<I, T> {
    /// The id, if there is one.
    pub id: Option<I>,
    /// The other fields.
    pub fields: T,
}

impl<'de, I: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for WithId<I, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ReadingWithId(PhantomData))
    }
}

impl<I: JsonSchema, T: JsonSchema> JsonSchema for WithId<I, T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}WithId", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let id = generator.subschema_for::<Option<I>>();
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("id".to_owned(), id.to_value());
        }
        schema
    }
}

struct ReadingWithId<I, T>(PhantomData<(I, T)>);

impl<'de, I: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for ReadingWithId<I, T> {
    type Value = WithId<I, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WithId<I, T>, A::Error> {
        let mut id = None;
        let others = Others { map, id: &mut id };
        let fields = T::deserialize(MapAccessDeserializer::new(others))?;
        Ok(WithId { id: id.flatten(), fields })
    }
}

/// The fields of an object besides its `id`, which is put aside.
struct Others<'a, A, I> {
    map: A,
    id: &'a mut Option<Option<I>>,
}

/// A field's name, borrowed if possible. (Transparent: else the path of an error lacks it.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>, I: Deserialize<'de>> MapAccess<'de> for Others<'_, A, I> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.map.next_key()? {
            if name != "id" {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
            if self.id.is_some() {
                return Err(A::Error::duplicate_field("id"));
            }
            *self.id = Some(self.map.next_value()?);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Line {
        sku: String,
    }

    #[test]
    fn a_list_is_no_object() {
        let read = serde_json::from_str::<Object<Line>>;
        assert_eq!(read(r#"{"sku": "A"}"#).unwrap().0.sku, "A");
        serde_json::from_str::<Line>(r#"["A"]"#).unwrap();
        let error = read(r#"["A"]"#).unwrap_err().to_string();
        assert!(error.contains("expected an object"), "{error}");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        sku: String,
        note: Option<String>,
    }

    #[test]
    fn an_id_stands_anywhere_or_nowhere_and_nothing_else_is_let_through() {
        let read = serde_json::from_str::<WithId<u8, Strict>>;
        for (text, id) in [
            (r#"{"id": 7, "sku": "A"}"#, Some(7)),
            (r#"{"sku": "A", "note": "x", "id": 7}"#, Some(7)),
            (r#"{"sku": "A", "id": null}"#, None),
            (r#"{"sku": "A"}"#, None),
        ] {
            let WithId { id: found, fields } = read(text).unwrap();
            assert_eq!((found, fields.sku.as_str()), (id, "A"), "{text}");
            assert_eq!(fields.note.is_some(), text.contains("note"));
        }
        for (text, problem) in [
            (r#"{"id": 7, "sku": "A", "id": 7}"#, "duplicate field `id`"),
            (r#"{"id": 7, "id": null}"#, "duplicate field `id`"),
            (r#"{"id": "x", "sku": "A"}"#, "invalid type"),
            (r#"{"id": 7}"#, "missing field `sku`"),
            (r#"{"id": 7, "sku": "A", "more": 1}"#, "unknown field `more`"),
            (r#"[7, "A"]"#, "expected an object"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn an_error_says_in_which_field_it_is() {
        let mut reader = serde_json::Deserializer::from_str(r#"{"id": 7, "sku": 7}"#);
        let read = serde_path_to_error::deserialize::<_, WithId<u8, Strict>>(&mut reader);
        assert_eq!(read.unwrap_err().path().to_string(), "sku");
    }
}
