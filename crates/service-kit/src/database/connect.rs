//! Connecting to PostgreSQL, with a deadline on everything that a connection does.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use program_kit::tls::Tls;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DatabaseSettings;

/// The time after which TCP probes a silent peer, and the longest time without an acknowledgement:
/// a peer that is gone is noticed after two of them.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The planner settings. PostgreSQL plans a prepared statement only a few times. If it analyzed a
/// table while that was empty, it plans a sequential scan, and keeps that plan for up to a minute
/// while the table grows: 62 ms instead of 0.7 for a batch, with 50,000 orders. All time-critical
/// statements find their rows by an index. For a statement without one, the penalty raises the cost
/// so much that it would be JIT-compiled first, which takes longer.
const PLANS: &str = "-c enable_seqscan=off -c jit=off";

/// How PostgreSQL plans prepared statements.
#[derive(Clone, Copy, Debug)]
pub(super) enum Planning {
    /// As often as it thinks that a plan for the values is better.
    Usual,
    /// Once. Only for statements of which the plan cannot depend on the values: where it does, and most
    /// of all on a limit, the one plan may be to sort the whole table (docs/decisions/0025).
    Once,
}

/// Connects; PostgreSQL shows the session as `name`.
pub async fn connect(
    settings: &DatabaseSettings,
    name: &str,
) -> ConnectionResult<AsyncPgConnection> {
    connect_planning(settings, name, Planning::Usual).await
}

/// Connects, and has statements planned in a way.
pub(super) async fn connect_planning(
    settings: &DatabaseSettings,
    name: &str,
    planning: Planning,
) -> ConnectionResult<AsyncPgConnection> {
    let plans = match planning {
        Planning::Usual => PLANS.to_owned(),
        Planning::Once => format!("{PLANS} -c plan_cache_mode=force_generic_plan"),
    };
    let mut config = settings.url.config();
    let lock = settings.lock_timeout.as_millis();
    let statement = settings.statement_timeout.as_millis();
    // We give up a transaction after this time. If we are frozen, or our machine is gone, only
    // PostgreSQL can end it; otherwise its locks would block everybody.
    let idle = settings.deadline.as_millis();
    config
        .application_name(name)
        .connect_timeout(settings.connect_timeout)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE)
        .tcp_user_timeout(KEEPALIVE)
        .options(format!(
            "-c lock_timeout={lock} -c statement_timeout={statement} \
             -c idle_in_transaction_session_timeout={idle} {plans}"
        ));
    let failed = |error| connection_error(&error, settings.tls.as_ref());
    // The handshake has no deadline of its own: a server that accepts a connection and then stays
    // silent would block us for ever.
    let connecting = async {
        match &settings.tls {
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let tls = MakeRustlsConnect::new(tls.config());
                let (client, connection) = config.connect(tls).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    };
    match tokio::time::timeout(settings.connect_timeout, connecting).await {
        Ok(connected) => connected,
        Err(_) => {
            let limit = settings.connect_timeout;
            Err(ConnectionError::BadConnection(format!(
                "PostgreSQL did not answer within {limit:?}"
            )))
        }
    }
}

/// The driver's message when a server has no TLS.
const NO_TLS: &str = "server does not support TLS";

fn connection_error(error: &tokio_postgres::Error, tls: Option<&Tls>) -> ConnectionError {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let reason = tls.and_then(|tls| tls.reason("database", error));
    ConnectionError::BadConnection(match (reason, cause) {
        (Some(reason), _) => format!("PostgreSQL: {reason}"),
        (None, Some(cause)) if cause == NO_TLS => {
            "PostgreSQL: the server has no TLS; set ssl = on there, \
             or remove sslmode from database.url"
                .to_owned()
        }
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    })
}
