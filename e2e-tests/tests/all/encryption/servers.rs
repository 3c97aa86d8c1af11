//! A PostgreSQL and a RabbitMQ that speak TLS.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use launcher::postgres::{self, Postgres};
use launcher::rabbitmq::{self, RabbitMq, Tls};
use process_kit::Program;
use serde_json::json;
use service_kit::database::{Migrations, migrate};
use tempfile::TempDir;
use test_kit::{Flaw, TestCa, TestCertificate, eventually};

/// The servers, whose certificates are from `ca`.
pub(super) struct Servers {
    pub(super) ca: TestCa,
    pub(super) another_ca: TestCa,
    pub(super) postgres: Postgres,
    pub(super) rabbitmq: RabbitMq,
    amqps: u16,
    folder: TempDir,
}

impl Servers {
    pub(super) async fn start() -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), TestCa::new());
        let certificate = ca.issue(Flaw::None);
        let inside = |name| folder.path().join(name);
        let amqps = launcher::ports::free().unwrap();
        let tls = Tls { port: amqps, certificate: inside("certificate"), key: inside("key") };
        fs::write(&tls.certificate, &certificate.certificate).unwrap();
        fs::write(&tls.key, &certificate.key).unwrap();
        let options = rabbitmq::Options { tls: Some(tls), ..Default::default() };
        let (data, messages) = (inside("postgres"), inside("rabbitmq"));
        let (postgres, rabbitmq) = tokio::join!(
            Postgres::start(&data, postgres::Options::default()),
            RabbitMq::start(&messages, options),
        );
        let (postgres, rabbitmq) = (postgres.unwrap(), rabbitmq.unwrap());
        encrypt(&postgres, &certificate).await;
        let servers = Self { ca, another_ca: TestCa::new(), postgres, rabbitmq, amqps, folder };
        servers.make_database("store", &store_svc::records().migrations).await;
        servers.make_database("warehouse", &warehouse_svc::records().migrations).await;
        servers.make_database("stranger", &store_svc::records().migrations).await;
        servers
    }

    async fn make_database(&self, name: &str, migrations: &Migrations) {
        self.postgres.sql("postgres", &format!("create database {name}")).await.unwrap();
        let settings = json!({
            "url": format!("{}?sslmode=verify-full", self.postgres.url(name)),
            "ca": self.ca.path(), "pool_size": 1, "connect_timeout": "10s",
            "lock_timeout": "10s", "statement_timeout": "10s", "deadline": "30s",
        "migrate_timeout": "60s",
        });
        let settings = serde_json::from_value(settings).unwrap();
        migrate(&settings, migrations, "test").await.unwrap();
    }

    /// Returns a side's settings.
    pub(super) fn settings(&self, side: &str) -> [(&'static str, String); 4] {
        [
            ("DATABASE__URL", format!("{}?sslmode=verify-full", self.postgres.url(side))),
            ("DATABASE__CA", text(self.ca.path())),
            ("BROKER__URL", self.amqps_url()),
            ("BROKER__CA", text(self.ca.path())),
        ]
    }

    pub(super) fn amqps_url(&self) -> String {
        let api = self.rabbitmq.api_url();
        let user = api.trim_start_matches("http://").split('@').next().unwrap();
        format!("amqps://{user}@127.0.0.1:{}/%2f", self.amqps)
    }

    /// Returns a program whose log is in a folder of its own.
    pub(super) fn program(&self, name: &str, prefix: &str, set: &[(&str, String)]) -> Program {
        let logs = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let set = set.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        Program::new(name, prefix, &logs, &set)
    }
}

/// Configures PostgreSQL for TLS. The files have to belong to its user, so it writes them itself.
async fn encrypt(postgres: &Postgres, shown: &TestCertificate) {
    for (file, pem) in [("server.crt", &shown.certificate), ("server.key", &shown.key)] {
        let pem = STANDARD.encode(pem);
        let write = format!("copy (select '{pem}') to program 'umask 077; base64 -d > {file}'");
        postgres.sql("postgres", &write).await.unwrap();
    }
    postgres.sql("postgres", "alter system set ssl = on").await.unwrap();
    postgres.sql("postgres", "select pg_reload_conf()").await.unwrap();
    let is_on =
        async || (postgres.sql("postgres", "show ssl").await.unwrap() == "on").then_some(());
    eventually("PostgreSQL speaks TLS", is_on).await;
}

/// Returns a path as the value of a setting.
pub(super) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
