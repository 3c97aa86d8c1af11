//! The three programs as they are in operation.

use std::path::Path;

use anyhow::Result;
use launcher::rabbitmq::User;
use process_kit::{Program, copy_of, migrate, settings_of_sides};
use shared_models::side::Side;

use super::servers::{BASELINE, Servers};

/// The default log filter of the programs.
const LOG: (&str, &str) = ("LOG__FILTER", "info,lapin=off,actix_server=warn");
/// One token places what thousands of callers would, so the limit on what one may take is lifted:
/// it is checked all the same.
/// Half of the connections may follow the changes.
const LIMITS: [(&str, &str); 3] = [
    ("LIMITS__PRINCIPAL_RATE", "1000000"),
    ("LIMITS__PRINCIPAL_BURST", "1000000"),
    ("LIMITS__CONNECTIONS", "2500"),
];

/// The programs, not started yet.
pub(super) struct Programs {
    pub(super) store: Program,
    pub(super) warehouse: Program,
    pub(super) worker: Program,
}

impl Programs {
    /// Makes them with files of their own, so that nobody builds others under them; and the tables.
    pub(super) async fn make(servers: &Servers, folder: &Path, logs: &Path) -> Result<Self> {
        let file = |name| copy_of(name, folder);
        let (store_svc, warehouse_svc) = (file("store-svc")?, file("warehouse-svc")?);
        for (database, program, prefix) in [
            (Side::Store.as_str(), &store_svc, "STORE"),
            (Side::Warehouse.as_str(), &warehouse_svc, "WAREHOUSE"),
            (BASELINE, &store_svc, "STORE"),
        ] {
            let owner = servers.roles(database)?.owner_url(servers.postgres.port());
            let log = logs.join(format!("{database}.migrate.log"));
            migrate(program, prefix, &owner, &log).await?;
        }
        let amqp = |user| servers.rabbitmq.amqp_url(user);
        let service = |side: Side, file: &Path, prefix, user| {
            let (database, broker) = (servers.service_url(side.as_str())?, amqp(user));
            let mut settings = vec![LOG, ("DATABASE__URL", &*database), ("BROKER__URL", &*broker)];
            settings.extend(LIMITS);
            anyhow::Ok(Program::of(side.as_str(), file, prefix, logs, &settings))
        };
        let store = service(Side::Store, &store_svc, "STORE", User::Store)?;
        let warehouse = service(Side::Warehouse, &warehouse_svc, "WAREHOUSE", User::Warehouse)?;
        let broker = amqp(User::Worker);
        let mut settings = vec![LOG, ("BROKER__URL", &*broker)];
        settings.extend(settings_of_sides(store.url(), warehouse.url()));
        let worker = Program::of("worker", &file("sync-worker")?, "WORKER", logs, &settings);
        Ok(Self { store, warehouse, worker })
    }
}
