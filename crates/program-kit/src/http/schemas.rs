//! The schemas of the API document: those of what is taken and those of what is sent.
//!
//! A type may differ in the two: a field with a default may be missing where it is taken, and never is
//! where it is sent. So there are two generators; where one name stands for two schemas, the one of what
//! is taken gets a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The path of the schemas of what is sent, and of what is taken until the two are put together.
const SENT: &str = "/components/schemas";
const TAKEN: &str = "/components/taken";

/// The schemas of a document.
pub(super) struct Schemas {
    pub(super) sent: SchemaGenerator,
    pub(super) taken: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let at = |path: &str| {
            let path = path.to_owned();
            SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = path.into())
        };
        Self {
            sent: at(SENT).for_serialize().into_generator(),
            taken: at(TAKEN).for_deserialize().into_generator(),
        }
    }

    /// Returns all schemas by their names, and what is left of a document whose references it corrects.
    pub(super) fn put_together(mut self, document: &Value) -> (Value, Map<String, Value>) {
        let sent = self.sent.take_definitions(true).into_iter();
        let mut sent: Map<String, Value> =
            sent.map(|(name, schema)| (name, renamed(&schema, &BTreeMap::new()))).collect();
        let taken = self.taken.take_definitions(true);
        let names = names_of_taken(&taken, &sent);
        for (name, schema) in &taken {
            let own = names.get(name).unwrap_or(name);
            sent.entry(own.clone()).or_insert_with(|| renamed(schema, &names));
        }
        (renamed(document, &names), sent)
    }
}

/// Returns the names of schemas that are not the same where they are sent, with the names they get.
fn names_of_taken(
    taken: &Map<String, Value>,
    sent: &Map<String, Value>,
) -> BTreeMap<String, String> {
    let none = BTreeMap::new();
    let in_both = taken.iter().filter_map(|(name, schema)| Some((name, schema, sent.get(name)?)));
    let in_both = in_both.collect::<Vec<_>>();
    let differs = |(_, taken, sent): &&(&String, &Value, &Value)| renamed(taken, &none) != **sent;
    let mut differing =
        in_both.iter().filter(differs).map(|(name, ..)| (*name).clone()).collect::<BTreeSet<_>>();
    // What refers to one that differs, differs.
    loop {
        let refers = |schema: &Value| {
            let text = schema.to_string();
            differing.iter().any(|name| text.contains(&format!("\"#{TAKEN}/{name}\"")))
        };
        let more =
            in_both.iter().filter(|(name, schema, _)| !differing.contains(*name) && refers(schema));
        let more = more.map(|(name, ..)| (*name).clone()).collect::<Vec<_>>();
        if more.is_empty() {
            return differing
                .into_iter()
                .map(|name| (name.clone(), format!("{name}Taken")))
                .collect();
        }
        differing.extend(more);
    }
}

/// Returns a value whose references to what is taken are to all schemas, some by another name.
fn renamed(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix('#').and_then(|path| path.strip_prefix(TAKEN));
            match name.and_then(|name| name.strip_prefix('/')) {
                Some(name) => {
                    json!(format!("#{SENT}/{}", names.get(name).map_or(name, String::as_str)))
                }
                // A link of rustdoc leads nowhere here.
                None => json!(text.replace("[`", "`").replace("`]", "`")),
            }
        }
        Value::Array(values) => values.iter().map(|value| renamed(value, names)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), renamed(value, names)));
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Returns a reference to a schema that is made by hand, and adds it under its name.
pub fn named(generator: &mut SchemaGenerator, name: &str, schema: Value) -> Schema {
    let path = generator.settings().definitions_path.trim_matches('/').to_owned();
    generator.definitions_mut().insert(name.to_owned(), schema);
    Schema::new_ref(format!("#/{path}/{name}"))
}

/// Returns the fields of a schema, also of one that is referred to.
fn resolved(schema: &Schema, generator: &SchemaGenerator) -> Map<String, Value> {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|path| path.rsplit('/').next());
    let referred = name.and_then(|name| generator.definitions().get(name));
    let schema = referred.unwrap_or_else(|| schema.as_value());
    schema.as_object().cloned().unwrap_or_default()
}

/// Returns the schema of a merge patch of what a schema describes: no field is needed, and each may be
/// null.
pub(super) fn patch_of(schema: &Schema, generator: &SchemaGenerator) -> Schema {
    let mut fields = resolved(schema, generator);
    fields.remove("required");
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for property in properties.values_mut() {
            *property = json!({"anyOf": [property.take(), {"type": "null"}]});
        }
    }
    Schema::from(fields)
}

/// A parameter of a query, out of the schema of the type that is read from the query.
pub(super) struct QueryField {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) schema: Value,
    pub(super) example: Option<Value>,
    pub(super) is_required: bool,
}

/// Returns the parameters of a query.
pub(super) fn query_fields(schema: &Schema) -> Vec<QueryField> {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.contains(&json!(name)));
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, schema): (&String, &Value)| {
        let mut schema = present(schema.clone());
        let about = schema.get_mut("description").map(Value::take);
        let examples = schema.get_mut("examples").map(Value::take);
        if let Some(fields) = schema.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        QueryField {
            name: name.clone(),
            about: about.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            example: examples.as_ref().and_then(|examples| examples.get(0)).cloned(),
            schema,
            is_required: is_required(name),
        }
    };
    properties.into_iter().flatten().map(field).collect()
}

/// Returns the schema of a value that is there: a query has no null.
fn present(mut schema: Value) -> Value {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let null = json!({"type": "null"});
    let choices = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    let choice =
        choices.and_then(|choices| choices.iter().find(|choice| **choice != null).cloned());
    if let Some(Value::Object(choice)) = choice
        && let Some(fields) = schema.as_object_mut()
    {
        fields.remove("anyOf");
        fields.extend(choice);
    }
    schema
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(JsonSchema, Serialize, Deserialize)]
    struct Inner {
        #[serde(default)]
        note: Option<String>,
        #[serde(default)]
        count: u8,
    }

    #[derive(JsonSchema, Serialize, Deserialize)]
    struct Outer {
        inner: Inner,
    }

    #[derive(JsonSchema, Serialize, Deserialize)]
    struct Same {
        text: String,
    }

    #[test]
    fn what_differs_where_it_is_taken_has_a_name_of_its_own() {
        let mut schemas = Schemas::new();
        schemas.sent.subschema_for::<Outer>();
        schemas.sent.subschema_for::<Same>();
        let taken = schemas.taken.subschema_for::<Outer>();
        let same = schemas.taken.subschema_for::<Same>();
        let (document, all) = schemas.put_together(&json!([taken, same]));
        let refers = |to: &str| json!({"$ref": format!("#/components/schemas/{to}")});
        assert_eq!(document, json!([refers("OuterTaken"), refers("Same")]));
        let names = all.keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(names, ["Inner", "InnerTaken", "Outer", "OuterTaken", "Same"]);
        assert_eq!(all["OuterTaken"]["properties"]["inner"], refers("InnerTaken"));
        assert_eq!(all["Outer"]["properties"]["inner"], refers("Inner"));
    }

    #[test]
    fn no_field_of_a_patch_is_needed_and_each_may_be_null() {
        let mut generator = Schemas::new().taken;
        let schema = generator.subschema_for::<Same>();
        let patch = patch_of(&schema, &generator).to_value();
        assert_eq!(patch.get("required"), None);
        let text = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
        assert_eq!(patch["properties"]["text"], text);
    }

    #[test]
    fn a_query_has_no_null() {
        let mut generator = Schemas::new().taken;
        let fields = query_fields(&Inner::json_schema(&mut generator));
        let [count, note] = fields.as_slice() else { panic!() };
        assert_eq!((count.name.as_str(), count.is_required), ("count", false));
        assert_eq!((note.name.as_str(), &note.schema), ("note", &json!({"type": "string"})));
    }
}
