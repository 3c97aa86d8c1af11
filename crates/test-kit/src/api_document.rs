//! An API document: its examples are sent to a service, and the answers held against it.

use std::collections::BTreeSet;

use program_kit::http::endpoints::Routes;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Answer, TestClient};

/// The API document of a program.
#[derive(Debug)]
pub struct ApiDocument(Value);

/// An operation of a document.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// The path, with the names of its parameters.
    pub path: &'a str,
    /// The method.
    pub method: &'a str,
    /// What the document says of it.
    pub described: &'a Value,
}

impl Operation<'_> {
    /// Returns the id, which is the same nowhere else.
    #[must_use]
    pub fn id(&self) -> &str {
        self.described["operationId"].as_str().unwrap()
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

impl ApiDocument {
    /// Returns the document of a program with these paths.
    #[must_use]
    pub fn of(paths: &Routes) -> Self {
        Self(paths.document())
    }

    /// Returns all operations: those that create come first, and those that remove last. What has a longer
    /// path belongs to what has a shorter one: it is created later, and removed earlier.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let of_path = |(path, methods)| {
            fields(methods).map(move |(method, described)| Operation { path, method, described })
        };
        let mut all = fields(&self.0["paths"]).flat_map(of_path).collect::<Vec<_>>();
        let order = ["post", "put", "get", "head", "patch", "delete"];
        all.sort_by_key(|Operation { path, method, .. }| {
            let length = i32::try_from(path.len()).unwrap();
            let place = order.iter().position(|known| known == method);
            (place, if *method == "delete" { -length } else { length })
        });
        all
    }

    /// Fails unless a value fits a schema of the document.
    #[track_caller]
    pub fn assert_valid(&self, schema: &Value, value: &Value, what: &str) {
        let whole = json!({"allOf": [schema], "components": self.0["components"]});
        let validator = jsonschema::validator_for(&whole).unwrap();
        let errors = validator.iter_errors(value);
        let errors = errors.map(|error| format!("{}: {error}", error.instance_path()));
        let errors = errors.collect::<Vec<_>>();
        assert!(errors.is_empty(), "{what}: {errors:#?} in {value:#}");
    }

    /// Fails unless each example fits its schema, and each parameter of a path is described.
    pub fn assert_examples_fit(&self) {
        let mut ids = BTreeSet::new();
        for operation in self.operations() {
            let (id, described) = (operation.id(), operation.described);
            assert!(ids.insert(id.to_owned()), "{id} is the id of two operations");
            let contents = fields(&described["responses"])
                .flat_map(|(_, answer)| fields(&self.resolved(answer)["content"]));
            for (media, content) in contents.chain(fields(&described["requestBody"]["content"])) {
                let examples = fields(&content["examples"]).map(|(_, example)| &example["value"]);
                for example in content.get("example").into_iter().chain(examples) {
                    self.assert_valid(&content["schema"], example, &format!("{id}, {media}"));
                }
            }
            for parameter in parameters(described) {
                if let Some(example) = parameter.get("example") {
                    self.assert_valid(&parameter["schema"], example, id);
                }
                assert!(
                    parameter["required"] == false || parameter.get("example").is_some(),
                    "{id}"
                );
            }
            let _ = path_of(operation);
        }
    }

    fn resolved<'a>(&'a self, answer: &'a Value) -> &'a Value {
        let referred = answer["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
        referred.map_or(answer, |path| self.0.pointer(path).unwrap())
    }

    /// Sends every example. Fails unless each is understood, each answer is documented, and each operation
    /// succeeds but for those that `may_fail`.
    pub async fn try_examples(&self, client: &TestClient, may_fail: &[&str]) {
        let mut failed = vec![];
        for operation in self.operations() {
            let mut statuses = vec![];
            for (media, body) in bodies(operation.described) {
                let method = operation.method.to_ascii_uppercase();
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let request = client.request(method, &path_of(operation));
                let request = match body {
                    Some(body) => request.header("content-type", media).body(body.to_string()),
                    None => request,
                };
                let answer = client.send(request).await;
                self.assert_documents(operation, &answer);
                let is_understood = ![400, 405, 413, 415, 422].contains(&answer.status);
                assert!(is_understood, "{}: {}", operation.id(), answer.text);
                statuses.push(answer.status);
            }
            let has_succeeded = statuses.iter().any(|status| *status < 400);
            if !has_succeeded && !may_fail.contains(&operation.id()) {
                failed.push((operation.id().to_owned(), statuses));
            }
        }
        assert!(failed.is_empty(), "{failed:?}");
    }

    /// Fails unless an answer of an operation is documented.
    #[track_caller]
    pub fn assert_documents(&self, operation: Operation<'_>, answer: &Answer) {
        let what = format!("{} answers {}", operation.id(), answer.status);
        let documented = &operation.described["responses"][answer.status.to_string()];
        assert!(!documented.is_null(), "{what}, which is not documented: {}", answer.text);
        let documented = self.resolved(documented);
        let media = answer.header("content-type").map(|media| media.split(';').next().unwrap());
        let has_body = operation.method != "head" && !answer.text.is_empty();
        match documented["content"].as_object().filter(|_| has_body) {
            None => assert!(answer.text.is_empty(), "{what} with {}", answer.text),
            Some(contents) => {
                let content = media.and_then(|media| contents.get(media));
                let content = content.unwrap_or_else(|| panic!("{what} as {media:?}"));
                if media.is_some_and(|media| media.ends_with("json")) {
                    self.assert_valid(&content["schema"], &answer.body, &what);
                }
            }
        }
        for (name, _) in fields(&documented["headers"]) {
            let may_be_missing = ["Link", "Location", "Retry-After"].contains(&name);
            assert!(may_be_missing || answer.header(name).is_some(), "{what} without {name}");
        }
    }
}

fn parameters(described: &Value) -> impl Iterator<Item = &Value> {
    described["parameters"].as_array().into_iter().flatten()
}

/// Returns a path with the examples of its parameters, and with what is required of its query.
fn path_of(operation: Operation<'_>) -> String {
    let text =
        |example: &Value| example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    let (mut path, mut query) = (operation.path.to_owned(), vec![]);
    for parameter in parameters(operation.described).filter(|it| it["required"] == true) {
        let (name, example) = (parameter["name"].as_str().unwrap(), text(&parameter["example"]));
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            _ => query.push(format!("{name}={example}")),
        }
    }
    assert!(!path.contains('{'), "{} does not describe a parameter", operation.id());
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// Returns the example bodies of an operation, with their media types; none where it takes no body.
fn bodies(described: &Value) -> Vec<(&str, Option<&Value>)> {
    let none = Map::new();
    let contents = described["requestBody"]["content"].as_object().unwrap_or(&none);
    if contents.is_empty() {
        return vec![("", None)];
    }
    let examples = fields(&described["requestBody"]["content"]).flat_map(|(media, content)| {
        fields(&content["examples"]).map(move |(_, example)| (media, Some(&example["value"])))
    });
    examples.collect()
}
