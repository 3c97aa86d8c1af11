//! What the API document says of the paths of links.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::links::Link;
use super::routes::ListQuery;
use crate::owned::describe::{id_schema, page, shown, shown_example};
use crate::sites::SITES;

/// Returns the schema of a site of an operator.
fn linked(generator: &mut SchemaGenerator) -> Schema {
    let (site, link) = (shown(&SITES, generator), generator.subschema_for::<Link>());
    let linked = json!({"type": "object", "required": ["link"], "properties": {"link": link},
        "allOf": [site]});
    program_kit::http::schemas::named(generator, "LinkedSite", linked)
}

fn example() -> Value {
    let mut site = shown_example(&SITES);
    site["link"] = json!({"active": true, "source": null});
    site
}

fn of_operator(name: &str, summary: &str) -> Operation {
    Operation::new(name, summary)
        .path_of("id", "The id of the operator.", id_schema, 1)
        .of_database()
}

fn of_link(name: &str, summary: &str) -> Operation {
    of_operator(name, summary).path_of("site", "The id of the site.", id_schema, 1)
}

/// `GET /v1/operators/{id}/sites`
pub(super) fn list() -> Operation {
    let sites = json!({"items": [example()], "next": null});
    of_operator("listSitesOfOperator", "List the sites of an operator")
        .query::<ListQuery>()
        .answer_of(200, "The sites.", |generator| page(&linked(generator)), sites)
        .with_header("Link", "The path of the next page, as `rel=\"next\"`.")
}

/// `GET /v1/operators/{id}/sites/{site}`
pub(super) fn one() -> Operation {
    of_link("getSiteOfOperator", "Read a site of an operator").answer_of(
        200,
        "The site.",
        linked,
        example(),
    )
}

/// `PUT /v1/operators/{id}/sites/{site}`
pub(super) fn put() -> Operation {
    of_link("linkSite", "Give an operator a site")
        .saying("Repeated, it changes nothing.")
        .answer_of(201, "The operator has the site now.", linked, example())
        .with_location()
        .answer_of(200, "The operator had the site.", linked, example())
        .problem(Kind::Conflict, "The operator has 10,000 sites, the most that one may have.")
}

/// `DELETE /v1/operators/{id}/sites/{site}`
pub(super) fn remove() -> Operation {
    of_link("unlinkSite", "Take a site from an operator").empty(204, "The link is removed.")
}
