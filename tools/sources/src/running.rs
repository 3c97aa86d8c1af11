//! A source that runs: what the remote and the upstream have in common.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Result;

use crate::http::Source;
use crate::server::Server;
use crate::steering::Steering;

/// A running source. Dropping it stops it.
#[derive(Debug)]
pub struct Running<S> {
    server: Server,
    pub(crate) source: Arc<S>,
    steering: Steering,
}

#[expect(private_bounds, reason = "the sources are those of this crate")]
impl<S: Source> Running<S> {
    /// Serves a source at an address; port 0 takes a free one.
    pub(crate) fn serve(host: IpAddr, port: u16, source: S) -> Result<Self> {
        let (source, steering) = (Arc::new(source), Steering::default());
        let server = Server::start(host, port, Arc::clone(&source), steering.clone())?;
        Ok(Self { server, source, steering })
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`. An upstream serves the same below `/api/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Returns the handle that makes it fail, and has its ledger.
    #[must_use]
    pub fn steering(&self) -> &Steering {
        &self.steering
    }

    /// Puts the records back to what a new source has, lets all tokens expire, and forgets rules, rate
    /// limit and ledger.
    pub fn reset(&self) -> Result<()> {
        self.steering.reset();
        self.source.reset()
    }

    /// Stops it and waits until its port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Waits until it ends by itself, which only a failure makes it do.
    pub async fn ended(&mut self) -> Result<()> {
        self.server.ended().await
    }
}
