//! The endpoints of a stack: as a table for people and as a file for scripts.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::secrets::Secrets;
use super::settle::Ports;
use super::sources::Addresses;
use super::tokens::Tokens;
use crate::rabbitmq::User;

/// The file that a shell reads to find a running stack.
pub(super) const FILE: &str = "endpoints.env";

/// The user whose RabbitMQ login is shown.
const USER: User = User::Lockstep;

const ORDER: &str = r#"{"company":"Acme","address":"1 Main Street","currency":"EUR","lines":[{"sku":"LAMP-1","quantity":2,"unit_price":1999}]}"#;

/// The access to the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Open to everybody on this machine.
    Open,
    /// Only for callers with a token.
    Secured,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Endpoints {
    pub(super) store: String,
    pub(super) warehouse: String,
    pub(super) worker: String,
    pub(super) amqp: String,
    pub(super) management: String,
    pub(super) store_database: String,
    pub(super) warehouse_database: String,
    rabbitmq_password: String,
    /// The tokens that admit callers; if there are none, everybody on this machine is admitted.
    pub(super) tokens: Option<Tokens>,
    /// The sample sources, if there are any.
    pub(super) sources: Option<Addresses>,
}

impl Endpoints {
    pub(super) fn new(
        ports: Ports,
        secrets: &Secrets,
        access: Access,
        sources: Option<Addresses>,
    ) -> Self {
        let http = |port: u16| format!("http://127.0.0.1:{port}");
        let (passwords, [store, warehouse]) = (secrets.rabbitmq(), secrets.roles());
        Self {
            store: http(ports.store),
            warehouse: http(ports.warehouse),
            worker: http(ports.worker),
            amqp: passwords.url(USER, ports.amqp),
            management: http(ports.management),
            store_database: store.service_url(ports.postgres),
            warehouse_database: warehouse.service_url(ports.postgres),
            rabbitmq_password: passwords.lockstep,
            tokens: match access {
                Access::Open => None,
                Access::Secured => Some(secrets.tokens.clone()),
            },
            sources,
        }
    }

    /// Returns lines that a POSIX shell can read. No value can contain a quote.
    pub(super) fn env_file(&self) -> String {
        let lines = [
            ("STORE_URL", &self.store),
            ("WAREHOUSE_URL", &self.warehouse),
            ("WORKER_URL", &self.worker),
            ("AMQP_URL", &self.amqp),
            ("RABBITMQ_UI_URL", &self.management),
            ("RABBITMQ_USER", &USER.as_str().to_owned()),
            ("RABBITMQ_PASSWORD", &self.rabbitmq_password),
            ("STORE_DATABASE_URL", &self.store_database),
            ("WAREHOUSE_DATABASE_URL", &self.warehouse_database),
        ];
        let tokens = self.tokens.iter().flat_map(Tokens::lines);
        let sources = self.sources.iter().flat_map(|Addresses { remote, upstream }| {
            [("REMOTE_URL", remote), ("UPSTREAM_URL", upstream)]
        });
        lines
            .into_iter()
            .chain(sources)
            .chain(tokens)
            .map(|(name, value)| format!("{name}='{value}'\n"))
            .collect()
    }

    /// Returns the table that is shown when all parts are ready. The login of the management UI is
    /// the only secret in it.
    pub(super) fn table(&self, folder: &Path) -> String {
        let Self { store, warehouse, worker, management, .. } = self;
        let (user, password) = (USER.as_str(), &self.rabbitmq_password);
        let env = quoted(&folder.join(FILE).display().to_string());
        let sources = self.sources.iter().flat_map(|Addresses { remote, upstream }| {
            [("sample remote", format!("{remote}/posts")), ("sample upstream", upstream.clone())]
        });
        let rows = [
            ("store", store.clone()),
            ("warehouse", warehouse.clone()),
            ("worker", worker.clone()),
            ("console", format!("{worker}/")),
            ("RabbitMQ management", format!("{management}  user {user}, password {password}")),
            ("RabbitMQ", public(&self.amqp)),
            ("store database", public(&self.store_database)),
            ("warehouse database", public(&self.warehouse_database)),
            ("access", self.access().to_owned()),
            ("command line", "deploy/worker parked list, audit, pull, load or flush".to_owned()),
            ("logs", folder.join("logs").display().to_string()),
            ("for scripts", format!(". {env}  (all URLs, with passwords; process ids)")),
        ];
        let rows: String = rows
            .into_iter()
            .chain(sources)
            .map(|(name, what)| format!("  {name:<20}  {what}\n"))
            .collect();
        format!(
            "\n{rows}\nPlace an order at the store, then look for it at the warehouse:\n\n{}",
            self.example(&env)
        )
    }

    fn access(&self) -> &'static str {
        match self.tokens {
            None => "for everybody on this machine (deploy/up --secured: by token)",
            Some(_) => "by token: $READ_TOKEN, $WRITE_TOKEN, $SYNC_TOKEN, $ADMIN_TOKEN",
        }
    }

    /// Returns the example commands. A token is only named, so that no shell keeps it in its
    /// history.
    fn example(&self, env: &str) -> String {
        let Self { store, warehouse, .. } = self;
        let json = "-H 'content-type: application/json'";
        match self.tokens {
            None => format!(
                "  curl -sS {store}/v1/orders {json} \\\n    -d '{ORDER}'\n  \
                 curl -sS {warehouse}/v1/orders\n"
            ),
            Some(_) => format!(
                "  . {env}\n  curl -sS {store}/v1/orders -H \"authorization: Bearer $WRITE_TOKEN\" \
                 \\\n    {json} \\\n    -d '{ORDER}'\n  \
                 curl -sS {warehouse}/v1/orders -H \"authorization: Bearer $READ_TOKEN\"\n"
            ),
        }
    }
}

/// Quotes a text for a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns a URL without user and password.
fn public(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        (Some(_) | None, Some(_) | None) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(access: Access) -> Endpoints {
        let ports =
            Ports { store: 1, warehouse: 2, worker: 3, management: 4, amqp: 5, postgres: 6 };
        let secrets = Secrets {
            postgres: "p0".to_owned(),
            store: "p1".to_owned(),
            warehouse: "p2".to_owned(),
            rabbitmq: "p3".to_owned(),
            ..Secrets::default()
        };
        Endpoints::new(ports, &secrets, access, None)
    }

    #[test]
    fn scripts_find_everything() {
        let expected = "\
STORE_URL='http://127.0.0.1:1'
WAREHOUSE_URL='http://127.0.0.1:2'
WORKER_URL='http://127.0.0.1:3'
AMQP_URL='amqp://lockstep:p3@127.0.0.1:5/%2f'
RABBITMQ_UI_URL='http://127.0.0.1:4'
RABBITMQ_USER='lockstep'
RABBITMQ_PASSWORD='p3'
STORE_DATABASE_URL='postgres://store:p1@127.0.0.1:6/store'
WAREHOUSE_DATABASE_URL='postgres://warehouse:p2@127.0.0.1:6/warehouse'
";
        assert_eq!(endpoints(Access::Open).env_file(), expected);
        let secured = endpoints(Access::Secured).env_file();
        let tokens = secured.strip_prefix(expected).unwrap();
        for name in ["READ_TOKEN='lockstep_", "WRITE_TOKEN='", "SYNC_TOKEN='", "ADMIN_TOKEN='"] {
            assert!(tokens.contains(name), "{tokens}");
        }
    }

    #[test]
    fn sample_sources_are_shown_where_there_are_any() {
        let none = endpoints(Access::Open);
        assert!(!none.table(Path::new("/x")).contains("sample"));
        let (remote, upstream) = ("http://127.0.0.1:7".to_owned(), "http://127.0.0.1:8".to_owned());
        let with = Endpoints { sources: Some(Addresses { remote, upstream }), ..none };
        assert!(with.table(Path::new("/x")).contains("http://127.0.0.1:7/posts"));
        let lines = "REMOTE_URL='http://127.0.0.1:7'\nUPSTREAM_URL='http://127.0.0.1:8'\n";
        assert!(with.env_file().contains(lines));
    }

    #[test]
    fn a_shell_reads_a_quoted_path_as_it_is() {
        assert_eq!(quoted("/it's a $x"), r"'/it'\''s a $x'");
    }

    #[test]
    fn the_table_shows_no_password_but_the_one_of_the_management_ui() {
        let open = endpoints(Access::Open).table(Path::new("/x"));
        assert!(open.contains("everybody on this machine") && !open.contains("Bearer"), "{open}");
        let table = endpoints(Access::Secured).table(Path::new("/x"));
        assert!(table.contains(r#"-H "authorization: Bearer $WRITE_TOKEN""#), "{table}");
        assert!(!table.contains("lockstep_"), "{table}");
        assert!(table.contains("http://127.0.0.1:4  user lockstep, password p3"));
        assert!(table.contains("postgres://127.0.0.1:6/store"));
        assert!(table.contains("amqp://127.0.0.1:5/%2f"));
        assert!(!table.contains("p0") && !table.contains("p1") && !table.contains("p2"));
    }
}
