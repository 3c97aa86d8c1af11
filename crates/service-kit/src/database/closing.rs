//! The end of a session whose work was broken off: at its deadline, or because its caller is gone.

use std::pin::pin;
use std::time::Duration;

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The time for which a silent session keeps its place in the pool, in deadlines: 10 minutes with the
/// default settings, so that a commit that hangs leaves a few pools of sessions in an hour.
const DEADLINES: u32 = 60;

/// The time for which a silent session keeps the permits of a read, in deadlines. A statement that
/// reads has no commit to wait for, and a timeout of its own; if not even that ends it, others may
/// read all the same.
const DEADLINES_OF_PERMITS: u32 = 2;

/// Closes a connection once its last statement has ended, and keeps its place in the pool until
/// then; the permits that it was lent with, for a short time only.
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
        {
            // Answered, or refused, after everything before it.
            let mut ending = pin!(connection.batch_execute(""));
            let soon = timeout(deadline * DEADLINES_OF_PERMITS, &mut ending).await;
            drop(permits);
            if soon.is_err() {
                let rest = deadline * (DEADLINES - DEADLINES_OF_PERMITS);
                let _ = timeout(rest, ending).await;
            }
        }
        drop(Object::take(connection));
    });
}
