//! The API document as a page for people.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

/// The style of the page, which stands in it.
pub(super) const STYLE: &str = include_str!("docs.css");

/// A method of a path, with its description in the document.
type Shown<'a> = (&'a str, &'a str, &'a Value);

/// Returns the page.
pub(super) fn render(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let groups = groups(document);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { (prose(&document["info"]["description"])) }
                    p { "The same for programs: " a href="/openapi.json" { "/openapi.json" } }
                }
                nav aria-label="Groups" {
                    ul {
                        @for group in groups.keys() { li { a href={ "#" (anchor(group)) } { (group) } } }
                        li { a href="#schemas" { "schemas" } }
                    }
                }
                main {
                    @for (group, operations) in &groups {
                        section id=(anchor(group)) {
                            h2 { (group) }
                            @for operation in operations { (show(document, *operation)) }
                        }
                    }
                    section id="schemas" {
                        h2 { "schemas" }
                        @for (name, schema) in fields(&document["components"]["schemas"]) {
                            details id={ "schema-" (name) } {
                                summary { code { (name) } span.quiet { (text(&schema["description"])) } }
                                div.contents { (json(schema)) }
                            }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Shows a text whose code stands between backticks.
fn prose(value: &Value) -> Markup {
    let parts = text(value).split('`').enumerate();
    html! {
        @for (index, part) in parts {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Returns the roles that may do something; one who needs none is let in without a token.
fn roles(security: &Value) -> String {
    let each = security.as_array().into_iter().flatten();
    let roles = each.map(|one| one["token"][0].as_str()).collect::<Option<Vec<_>>>();
    roles.map_or_else(|| "public".to_owned(), |roles| roles.join(" or "))
}

fn anchor(group: &str) -> String {
    group.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns the operations by their groups. `HEAD` stands with `GET`.
fn groups(document: &Value) -> BTreeMap<&str, Vec<Shown<'_>>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (path, methods) in fields(&document["paths"]) {
        for (method, operation) in fields(methods).filter(|(method, _)| *method != "head") {
            let group = text(&operation["tags"][0]);
            groups.entry(group).or_default().push((path.as_str(), method.as_str(), operation));
        }
    }
    groups
}

fn show(document: &Value, (path, method, operation): Shown<'_>) -> Markup {
    html! {
        details id=(text(&operation["operationId"])) {
            summary {
                span.method { (method.to_ascii_uppercase()) }
                code { (path) }
                span { (text(&operation["summary"])) }
                span.role { (roles(&operation["security"])) }
            }
            div.contents {
                p { (prose(&operation["description"])) }
                @if let Some(parameters) = operation["parameters"].as_array() {
                    h3 { "Parameters" }
                    table {
                        tr { th { "name" } th { "in" } th { "what it is" } th { "schema" } }
                        @for parameter in parameters { (show_parameter(parameter)) }
                    }
                }
                @if !operation["requestBody"].is_null() {
                    h3 { "Body" }
                    (show_contents(&operation["requestBody"]["content"]))
                }
                h3 { "Answers" }
                @for (status, answer) in fields(&operation["responses"]) {
                    (show_answer(document, status, answer))
                }
            }
        }
    }
}

fn show_parameter(parameter: &Value) -> Markup {
    html! {
        tr {
            td { code { (text(&parameter["name"])) } @if parameter["required"] == true { " *" } }
            td.quiet { (text(&parameter["in"])) }
            td { (prose(&parameter["description"])) }
            td { (schema(&parameter["schema"])) }
        }
    }
}

fn show_answer(document: &Value, status: &str, answer: &Value) -> Markup {
    let referred = answer["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    let answer = referred.and_then(|path| document.pointer(path)).unwrap_or(answer);
    let is_problem = |media: &str| media == "application/problem+json";
    html! {
        h3 { (status) }
        p { (prose(&answer["description"])) }
        @for (name, header) in fields(&answer["headers"]) {
            p.quiet { code { (name) } ": " (text(&header["description"])) }
        }
        @for (media, content) in fields(&answer["content"]).filter(|(media, _)| !is_problem(media)) {
            (show_content(media, content))
        }
    }
}

fn show_contents(contents: &Value) -> Markup {
    html! { @for (media, content) in fields(contents) { (show_content(media, content)) } }
}

fn show_content(media: &str, content: &Value) -> Markup {
    let examples = fields(&content["examples"]).map(|(_, example)| &example["value"]);
    let example = Some(&content["example"]).filter(|example| !example.is_null());
    html! {
        p.quiet { (media) " " (schema(&content["schema"])) }
        @for example in example.into_iter().chain(examples) { (json(example)) }
    }
}

/// Shows a schema: as a link where it has a name, and briefly where it is short.
fn schema(schema: &Value) -> Markup {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    html! {
        @match name {
            Some(name) => a href={ "#schema-" (name) } { code { (name) } },
            None => code { (schema.to_string()) },
        }
    }
}

fn json(value: &Value) -> Markup {
    html! { pre tabindex="0" { (format!("{value:#}")) } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_document_becomes_markup() {
        let operation = json!({"operationId": "x", "summary": "<script>", "tags": ["a\"b"],
            "responses": {"200": {"description": "</p><script>"}}});
        let document = json!({"info": {"title": "<b>"}, "paths": {"/<i>": {"get": operation}}});
        let page = render(&document);
        assert!(page.contains("&lt;script&gt;") && page.contains("/&lt;i&gt;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
    }
}
