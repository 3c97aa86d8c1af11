//! The state of a link, as its connections see it.

use std::time::Duration;

use tokio::io;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::fault::LinkFault;

/// The time that a connection waits for an answer with which it can be reset.
const ANSWER: Duration = Duration::from_secs(1);
/// The answer, of those next, with which a connection is reset: the first may only be what a change
/// is based on.
pub(super) const WHICH: std::ops::Range<u32> = 0..3;

/// When the connections there are are reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Now.
    AtOnce,
    /// Each with one of its next answers, which is lost: what was asked has been done.
    WithAnAnswer,
}

/// The current fault of a link, and its last reset; both can be waited for.
#[derive(Clone, Debug)]
pub(super) struct LinkState {
    fault: watch::Receiver<Option<LinkFault>>,
    reset: watch::Receiver<Reset>,
}

impl LinkState {
    pub(super) const fn new(
        fault: watch::Receiver<Option<LinkFault>>,
        reset: watch::Receiver<Reset>,
    ) -> Self {
        Self { fault, reset }
    }

    pub(super) fn now(&self) -> Option<LinkFault> {
        *self.fault.borrow()
    }

    /// Waits until the fault is as wanted; for ever, where the proxy is gone.
    pub(super) async fn wait_until(&self, wanted: impl Fn(Option<LinkFault>) -> bool) {
        if self.fault.clone().wait_for(|now| wanted(*now)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until connections are to end that were there when this was called.
    pub(super) fn reset(&self) -> impl Future<Output = ()> + use<> {
        let mut reset = self.reset.clone();
        reset.mark_unchanged();
        async move {
            if reset.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let when = *reset.borrow();
            if when == Reset::WithAnAnswer {
                sleep(ANSWER).await;
            }
        }
    }
}

/// The answers on a connection, of which one may be lost.
pub(super) struct Answers {
    reset: watch::Receiver<Reset>,
    before: u32,
}

impl Answers {
    /// Creates those of a connection that begins now.
    pub(super) fn new(link: &LinkState) -> Self {
        let mut reset = link.reset.clone();
        reset.mark_unchanged();
        Self { reset, before: fastrand::u32(WHICH) }
    }

    /// One comes; an error where it is lost, and the connection with it.
    pub(super) fn next(&mut self) -> io::Result<()> {
        if !self.reset.has_changed().unwrap_or(false) {
            return Ok(());
        }
        match self.before.checked_sub(1) {
            Some(before) => self.before = before,
            None => return Err(io::ErrorKind::ConnectionReset.into()),
        }
        Ok(())
    }
}
