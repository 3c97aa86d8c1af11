//! Checks of a program's reaction to settings that are missing, unknown or malformed: it ends with
//! one line.

use std::net::TcpListener;

use super::{Binary, Set};

/// The settings of every service.
const SETTINGS: [&str; 41] = [
    "[http]",
    "host",
    "port",
    "body_limit",
    "shutdown_timeout",
    "[limits]",
    "connections",
    "header_timeout",
    "body_timeout",
    "keep_alive",
    "principal_rate",
    "principal_burst",
    "address_rate",
    "address_burst",
    "trusted_proxies",
    "[access.tokens]",
    "[database]",
    "ca",
    "sslmode",
    "pool_size",
    "connect_timeout",
    "lock_timeout",
    "statement_timeout",
    "deadline",
    "migrate_timeout",
    "[broker]",
    "reply_timeout",
    "[relay]",
    "batch_size",
    "confirm_timeout",
    "poll_min",
    "poll_max",
    "offer_rate",
    "[parked]",
    "offer_after",
    "[retention]",
    "changes",
    "parked",
    "tombstones",
    "[log]",
    "filter",
];

/// An invalid setting, and the name that the message must contain.
const BAD: [(Set<'static>, &str); 46] = [
    (("DATABASE__URL", ""), "database.url"),
    (("BROKER__URL", ""), "broker.url"),
    (("DATABASE__URL", "hunter2"), "database.url"),
    (("DATABASE__URL", "mysql://me:hunter2@localhost/orders"), "database.url"),
    (("DATABASE__URL", "postgres://me:hunter2@localhost:port/orders"), "database.url"),
    (("BROKER__URL", "http://me:hunter2@localhost"), "broker.url"),
    (("BROKER__URL", "hunter2"), "broker.url"),
    (("BROKER__CA", "/none/ca.pem"), "broker.ca"),
    (("BROKER__CA", "/dev/null"), "broker.ca"),
    (("DATABASE__CA", ""), "database.ca"),
    (("DATABASE__URL", "postgres://me:hunter2@localhost/orders?sslmode=prefer"), "database.url"),
    (("HTTP__PROT", "8001"), "prot"),
    (("HTTP__HOST", "nowhere.example"), "http.host"),
    (("HTTP__PORT", "many"), "http.port"),
    (("HTTP__PORT", "65536"), "http.port"),
    (("HTTP__BODY_LIMIT", "-1"), "http.body_limit"),
    (("HTTP__BODY_LIMIT", "0"), "http.body_limit"),
    (("HTTP__SHUTDOWN_TIMEOUT", "soon"), "http.shutdown_timeout"),
    (("HTTP__HOST", "0.0.0.0"), "token new"),
    (("ACCESS__TOKENS__SHOP", "hunter2"), "access.tokens.shop"),
    (("ACCESS__TOKENS__SHOP", "king sha256:hunter2"), "access.tokens.shop"),
    (("ACCESS__OPEN", "yes"), "open"),
    (("LIMITS__CONNECTIONS", "0"), "limits.connections"),
    (("LIMITS__HEADER_TIMEOUT", "0s"), "limits.header_timeout"),
    (("LIMITS__BODY_TIMEOUT", "soon"), "limits.body_timeout"),
    (("LIMITS__PRINCIPAL_RATE", "0"), "limits.principal_rate"),
    (("LIMITS__ADDRESS_BURST", "-1"), "limits.address_burst"),
    (("LIMITS__TRUSTED_PROXIES", "everybody"), "limits.trusted_proxies"),
    (("DATABASE__POOL_SIZE", "0"), "database.pool_size"),
    (("DATABASE__DEADLINE", "0s"), "database.deadline"),
    (("DATABASE__LOCK_TIMEOUT", "0s"), "database.lock_timeout"),
    (("DATABASE__CONNECT_TIMEOUT", "5"), "database.connect_timeout"),
    (("DATABASE__PASSWORD", "hunter2"), "password"),
    (("BROKER__CONNECT_TIMEOUT", "0s"), "broker.connect_timeout"),
    (("RELAY__BATCH_SIZE", "0"), "relay.batch_size"),
    (("RELAY__POLL_MIN", "0ms"), "relay.poll_min"),
    (("RELAY__CONFIRM_TIMEOUT", ""), "relay.confirm_timeout"),
    (("PARKED__OFFER_AFTER", "soon"), "parked.offer_after"),
    (("PARKED__OFFER_AFTER", "5s, 0s"), "parked.offer_after"),
    (("PARKED__OFFER_AFTER", ""), "parked.offer_after"),
    (("RETENTION__CHANGES", "soon"), "retention.changes"),
    (("RETENTION__PARKED", "59s"), "retention.parked"),
    (("RETENTION__TOMBSTONES", "99999years"), "retention.tombstones"),
    (("LOG__FILTER", "a=b=c"), "log.filter"),
    (("LOG__FORMAT", "xml"), "log.format"),
    (("METRICS__PORT", "9100"), "metrics"),
];

impl Binary {
    /// Starts the program with each invalid setting, and expects it to end with one line that names
    /// the setting, before it has tried to open a socket. `good` are settings with which it would
    /// run; they contain the password hunter2.
    pub async fn assert_minds_its_settings(&self, good: &[Set<'_>]) {
        // A program that tries to listen here reports that the port is taken.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let good = [good, &[("HTTP__PORT", port.as_str())]].concat();
        self.assert_ends(&good, &port).await;
        for (bad, named) in BAD {
            let others = good.iter().filter(|(name, _)| *name != bad.0).copied();
            let missing = bad.1.is_empty() && bad.0.ends_with("URL");
            let settings = others.chain((!missing).then_some(bad)).collect::<Vec<_>>();
            self.assert_ends(&settings, named).await;
        }
    }

    async fn assert_ends(&self, settings: &[Set<'_>], named: &str) {
        let ended = self.run(&[], settings).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && ended.stdout.is_empty(), "{settings:?}: {said}");
        assert!(said.contains(named), "{named} of {settings:?} is not named: {said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{settings:?}: {said}");
    }

    /// Runs `--help`, and expects every setting in it.
    pub async fn assert_helps(&self) {
        let ended = self.run(&["--help"], &[]).await;
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty(), "{said}");
        for setting in SETTINGS {
            assert!(said.contains(setting), "{setting} is not in: {said}");
        }
        assert!(said.contains(&format!("{}__HTTP__PORT", self.prefix)), "{said}");
        assert!(!self.run(&["--halp"], &[]).await.status.success());
    }
}
