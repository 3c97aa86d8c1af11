//! One connection to PostgreSQL, with a deadline on everything it does.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use tokio_postgres::{Config, NoTls};

use crate::settings::DatabaseSettings;

/// How long a peer that has gone silent goes unnoticed on a connection that is not used.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Connects; PostgreSQL shows the session as `name`.
pub async fn connect(
    settings: &DatabaseSettings,
    name: &str,
) -> ConnectionResult<AsyncPgConnection> {
    let mut config: Config = settings.url.expose().parse().map_err(bad)?;
    let lock = settings.lock_timeout.as_millis();
    let statement = settings.statement_timeout.as_millis();
    // We give a transaction up after this time. If we are frozen, or our machine is gone, only
    // PostgreSQL can; else what we have locked would stay locked for everybody.
    let idle = settings.deadline.as_millis();
    config
        .application_name(name)
        .connect_timeout(settings.connect_timeout)
        .keepalives_idle(KEEPALIVE)
        .tcp_user_timeout(KEEPALIVE)
        .options(format!(
            "-c lock_timeout={lock} -c statement_timeout={statement} \
             -c idle_in_transaction_session_timeout={idle}"
        ));
    // The handshake has no deadline of its own: a server that accepts and then says nothing would
    // hold us for ever.
    let connecting = async {
        let (client, connection) = config.connect(NoTls).await.map_err(bad)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    };
    match tokio::time::timeout(settings.connect_timeout, connecting).await {
        Ok(connected) => connected,
        Err(_) => {
            let limit = settings.connect_timeout;
            Err(ConnectionError::BadConnection(format!("no answer within {limit:?}")))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn bad(error: tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    ConnectionError::BadConnection(
        cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    )
}
