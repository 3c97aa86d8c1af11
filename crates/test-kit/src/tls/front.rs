//! A TLS proxy for a server without TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::TestCertificate;

/// The bytes before the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Nothing, as with HTTPS and AMQPS.
    None,
    /// PostgreSQL's request for TLS, which is granted.
    Postgres,
}

/// A TLS proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    shown: watch::Sender<Arc<ServerConfig>>,
    serving: JoinHandle<()>,
}

impl Front {
    /// Starts a proxy with this certificate to the server at `target`.
    pub async fn start(
        target: SocketAddr,
        greeting: Greeting,
        certificate: &TestCertificate,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shown, showing) = watch::channel(config(certificate));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that rejects the certificate closes the connection, as it should.
                let acceptor = TlsAcceptor::from(Arc::clone(&showing.borrow()));
                tokio::spawn(hand_on(stream, greeting, acceptor, target));
            }
        });
        Self { address, shown, serving }
    }

    /// Replaces the certificate for later connections.
    pub fn show(&self, certificate: &TestCertificate) {
        self.shown.send_replace(config(certificate));
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hand_on(
    mut stream: TcpStream,
    greeting: Greeting,
    acceptor: TlsAcceptor,
    target: SocketAddr,
) -> io::Result<()> {
    if greeting == Greeting::Postgres {
        // An SSLRequest, which has eight bytes.
        stream.read_exact(&mut [0; 8]).await?;
        stream.write_all(b"S").await?;
    }
    let mut stream = acceptor.accept(stream).await?;
    let mut server = TcpStream::connect(target).await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

fn config(shown: &TestCertificate) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(shown.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key);
    Arc::new(config.unwrap())
}
