//! The one thread that starts children. The kernel sends the parent-death signal when the *thread*
//! that forked ends, and a runtime may end any of its threads; this one lives as long as the
//! process.

use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

struct Order {
    command: Command,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

static ORDERS: OnceLock<Sender<Order>> = OnceLock::new();

/// Starts `command`; the child belongs to the calling runtime.
pub(crate) async fn spawn(command: Command) -> io::Result<Child> {
    let (answer, child) = oneshot::channel();
    let order = Order { command, runtime: Handle::current(), answer };
    let orders = ORDERS.get_or_init(|| {
        let (sender, receiver) = channel();
        std::thread::spawn(move || serve(&receiver));
        sender
    });
    orders.send(order).map_err(io::Error::other)?;
    child.await.map_err(io::Error::other)?
}

fn serve(orders: &Receiver<Order>) {
    for mut order in orders {
        let _runtime = order.runtime.enter();
        let child = order.command.spawn();
        // Nobody waits any more: dropping the child kills it.
        drop(order.answer.send(child));
    }
}
