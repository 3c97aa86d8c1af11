//! The end of a session whose work was broken off: at its deadline, or because its caller is gone.

use std::time::Duration;

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The time for which a silent session keeps its place in the pool, in deadlines: 10 minutes with the
/// default settings, so that a commit that hangs leaves a few pools of sessions in an hour.
const DEADLINES: u32 = 60;

/// Closes a connection once its last statement has ended, and keeps its place in the pool, and the
/// permits it was lent with, until then.
///
/// PostgreSQL does not notice that a client has gone while it waits for a lock or, in a commit, for
/// a synchronous standby. If the place were free at once, each deadline would leave as many such
/// sessions behind as the pool has places, until PostgreSQL accepts no more.
///
/// A server that is gone is noticed by TCP (see [`super::connect`]), unless a proxy acknowledges in
/// its name, or its kernel does while its disk hangs. So the place is given up in the end.
pub(super) fn close_when_over(
    (mut connection, permits): (Object<AsyncPgConnection>, impl Send + 'static),
    deadline: Duration,
) {
    // Without a runtime the program ends, and all its sessions with it.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        // Answered, or refused, after everything before it.
        let _ = timeout(deadline * DEADLINES, connection.batch_execute("")).await;
        drop(Object::take(connection));
        drop(permits);
    });
}
