//! Sites: the places that operators work at. A site is a record that an upstream may own.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use program_kit::http::endpoints::Routes;
use service_kit::records::Registration;

use crate::owned::{self, Events, Field, Kind, Unlink, common_expectation};

/// The kind of sites.
pub(crate) static SITES: Kind = Kind {
    resource: "site",
    table: "sites",
    path: "/v1/sites",
    feed: "/v1/sites/changes",
    events: Events {
        created: "site.created",
        changed: "site.changed",
        removed: "site.removed",
        offered: "site.offered",
    },
    fields: &[
        Field::required("name", "Quay 7").filter(),
        Field::required("line1", "7 Quay Street"),
        Field::optional("line2"),
        Field::optional("site"),
        Field::optional("city").filter(),
        Field::optional("state"),
        Field::optional("zip_code"),
        Field::optional("country"),
        Field::optional("fax"),
        Field::optional("phone"),
    ],
    expectation,
    more: None,
};

fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "name" | "line1" => {
            Some("text that is not blank, up to 255 characters, without control characters")
        }
        "line2" | "site" | "city" | "state" | "zip_code" | "country" | "fax" | "phone" => {
            Some("null, or text of up to 255 characters, without control characters")
        }
        other => common_expectation(other),
    }
}

/// Registers sites. `unlink` removes what refers to a site: sites do not know who does.
pub(crate) fn register(unlink: Unlink) -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sites");
    let paths = move || {
        Routes::default()
            .with(owned::collection(&SITES))
            .with(owned::item(&SITES, unlink))
            .expecting(expectation)
    };
    owned::register(&SITES, MIGRATIONS, paths)
}
