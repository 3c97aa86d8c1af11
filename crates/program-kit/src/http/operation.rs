//! The description of an endpoint for the API document: what it takes, and what it answers.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::problem::Kind;
use super::schemas::patch_of;

/// Makes a schema; the types that it refers to are added to the generator.
pub(super) type MakeSchema = Box<dyn Fn(&mut SchemaGenerator) -> Schema>;

/// The description of an endpoint.
pub struct Operation {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) details: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) queries: Vec<MakeSchema>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) problems: Vec<(Kind, String)>,
    /// The kind of problem with an invalid field.
    pub(super) invalid: Kind,
    pub(super) asks_database: bool,
    pub(super) is_page: bool,
}

/// The place of a parameter in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

/// A parameter of a request.
pub struct Parameter {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) schema: MakeSchema,
    pub(super) example: Option<Value>,
}

/// The body of a request, with examples that are understood.
pub(super) struct Body {
    pub(super) media: &'static [&'static str],
    pub(super) schema: MakeSchema,
    pub(super) examples: Vec<(String, Value)>,
}

/// An answer that is no problem.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) about: String,
    pub(super) contents: Vec<Content>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// The contents of an answer in one media type.
pub(super) struct Content {
    pub(super) media: &'static str,
    pub(super) schema: MakeSchema,
    pub(super) example: Option<Value>,
}

/// Returns the schema of a type.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Describes a page for people, which is no part of the API, and not in its document.
#[must_use]
pub fn page() -> Operation {
    Operation { is_page: true, ..Operation::new("page", "A page for people.") }
}

impl Parameter {
    /// Creates a parameter of the query that may be left out.
    pub fn query(
        name: impl Into<String>,
        about: impl Into<String>,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
    ) -> Self {
        Self::new(Place::Query, name, about, schema)
    }

    fn new(
        place: Place,
        name: impl Into<String>,
        about: impl Into<String>,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
    ) -> Self {
        let (name, about) = (name.into(), about.into());
        Self { place, name, about, schema: Box::new(schema), example: None }
    }
}

impl Operation {
    /// Creates a description. The name is unique within a program, as a program's function.
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            details: vec![],
            parameters: vec![],
            queries: vec![],
            body: None,
            answers: vec![],
            problems: vec![],
            invalid: Kind::Invalid,
            asks_database: false,
            is_page: false,
        }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.details.push(text.into());
        self
    }

    /// Describes a parameter of the path, with an example.
    #[must_use]
    pub fn path<T: JsonSchema + 'static>(
        self,
        name: &'static str,
        about: impl Into<String>,
        example: impl Into<Value>,
    ) -> Self {
        self.path_of(name, about, schema_of::<T>, example)
    }

    /// Describes a parameter of the path by a schema, with an example.
    #[must_use]
    pub fn path_of(
        self,
        name: &'static str,
        about: impl Into<String>,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
        example: impl Into<Value>,
    ) -> Self {
        let parameter = Parameter::new(Place::Path, name, about, schema);
        self.parameter(Parameter { example: Some(example.into()), ..parameter })
    }

    /// Describes the query by the type that is read from it: each field is a parameter.
    #[must_use]
    pub fn query<T: JsonSchema + 'static>(mut self) -> Self {
        self.queries.push(Box::new(T::json_schema));
        self
    }

    /// Describes a parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Describes a header of the request that may be left out.
    #[must_use]
    pub fn header(self, name: &'static str, about: impl Into<String>) -> Self {
        self.parameter(Parameter::new(Place::Header, name, about, schema_of::<String>))
    }

    /// Describes the body, with an example.
    #[must_use]
    pub fn body<T: JsonSchema + 'static>(self, example: Value) -> Self {
        self.body_of(schema_of::<T>, example)
    }

    /// Describes the body of a merge patch (RFC 7396), with an example.
    #[must_use]
    pub fn patch<T: JsonSchema + 'static>(self, example: Value) -> Self {
        self.patch_of(schema_of::<T>, example)
    }

    /// Describes the body of a merge patch of what a schema describes.
    #[must_use]
    pub fn patch_of(
        self,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
        example: Value,
    ) -> Self {
        let about = "The body is a merge patch (RFC 7396): what it leaves out stays, and null empties \
                     a field.";
        let schema = move |generator: &mut SchemaGenerator| patch_of(&schema(generator), generator);
        let media = &["application/merge-patch+json", "application/json"];
        self.saying(about).body_in(media, Box::new(schema), example)
    }

    /// Describes the body by a schema.
    #[must_use]
    pub fn body_of(
        self,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
        example: Value,
    ) -> Self {
        self.body_in(&["application/json"], Box::new(schema), example)
    }

    fn body_in(
        mut self,
        media: &'static [&'static str],
        schema: MakeSchema,
        example: Value,
    ) -> Self {
        let examples = vec![("example".to_owned(), example)];
        self.body = Some(Body { media, schema, examples });
        self
    }

    /// Adds an example of the body.
    #[must_use]
    pub fn example(mut self, name: impl Into<String>, example: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.examples.push((name.into(), example));
        }
        self
    }

    /// Says that an invalid field of the body is answered 400: for paths whose contract knows only the one.
    #[must_use]
    pub fn invalid_is_bad_request(mut self) -> Self {
        self.invalid = Kind::Unreadable;
        self
    }

    /// Describes an answer in JSON, with an example.
    #[must_use]
    pub fn answer<T: JsonSchema + 'static>(
        self,
        status: u16,
        about: impl Into<String>,
        example: Value,
    ) -> Self {
        self.answer_of(status, about, schema_of::<T>, example)
    }

    /// Describes an answer in JSON by a schema, with an example.
    #[must_use]
    pub fn answer_of(
        self,
        status: u16,
        about: impl Into<String>,
        schema: impl Fn(&mut SchemaGenerator) -> Schema + 'static,
        example: Value,
    ) -> Self {
        let content =
            Content { media: "application/json", schema: Box::new(schema), example: Some(example) };
        self.with_answer(status, about, vec![content])
    }

    /// Describes an answer without contents.
    #[must_use]
    pub fn empty(self, status: u16, about: impl Into<String>) -> Self {
        self.with_answer(status, about, vec![])
    }

    /// Describes an answer that is a text of some media type.
    #[must_use]
    pub fn text(self, status: u16, media: &'static str, about: impl Into<String>) -> Self {
        self.with_answer(status, about, vec![]).or_text(media, None)
    }

    /// Adds to the last answer that it may also be a text of some media type.
    #[must_use]
    pub fn or_text(mut self, media: &'static str, example: Option<Value>) -> Self {
        let content = Content { media, schema: Box::new(schema_of::<String>), example };
        if let Some(answer) = self.answers.last_mut() {
            answer.contents.push(content);
        }
        self
    }

    fn with_answer(
        mut self,
        status: u16,
        about: impl Into<String>,
        contents: Vec<Content>,
    ) -> Self {
        self.answers.push(Answer { status, about: about.into(), contents, headers: vec![] });
        self
    }

    /// Adds a header to the last answer.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, about: impl Into<String>) -> Self {
        let header = (name, about.into());
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push(header);
        }
        self
    }

    /// Adds the header that names the record to the last answer.
    #[must_use]
    pub fn with_location(self) -> Self {
        self.with_header("Location", "The path of the record.")
    }

    /// Adds the header of the record's version to the last answer.
    #[must_use]
    pub fn with_etag(self) -> Self {
        self.with_header("ETag", "The version of the record, for `If-Match` and `If-None-Match`.")
    }

    /// Says that nothing is answered to a reader who has the version already.
    #[must_use]
    pub fn unless_known(self) -> Self {
        let about = "The versions that the caller has, such as `\"3\"`.";
        self.header("If-None-Match", about).empty(304, "The caller has this version.").with_etag()
    }

    /// Says that the request is refused if the caller has not seen the current version.
    #[must_use]
    pub fn if_unchanged(self) -> Self {
        let about = "The versions to which the request applies, such as `\"3\"`; `*` for any.";
        self.header("If-Match", about)
            .problem(Kind::Unreadable, "`If-Match` cannot be parsed.")
            .problem(
                Kind::Stale,
                "`If-Match` does not name the current version, which is `version`.",
            )
    }

    /// Adds a problem, and the cause of it.
    #[must_use]
    pub fn problem(mut self, kind: Kind, cause: impl Into<String>) -> Self {
        self.problems.push((kind, cause.into()));
        self
    }

    /// Says that the answer needs the database, which may be unavailable.
    #[must_use]
    pub fn of_database(self) -> Self {
        Self { asks_database: true, ..self }
    }
}
