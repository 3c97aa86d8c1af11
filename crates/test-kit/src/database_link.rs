//! A proxy to PostgreSQL that loses a statement, or the answer to it. The statement is recognized
//! by its text, so the link must not be encrypted.

use std::sync::{Arc, Mutex};

use service_kit::database::{DatabaseSettings, DatabaseUrl};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The end of an answer: `ReadyForQuery`, without its last byte.
const READY: [u8; 5] = [b'Z', 0, 0, 0, 5];

/// The part that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The answer: PostgreSQL gets the statement.
    Answer,
    /// The statement, which may be delivered late.
    Statement,
}

/// A proxy between a service and its database.
#[derive(Debug)]
pub struct DatabaseLink {
    state: Arc<State>,
    serving: JoinHandle<()>,
}

/// The next loss.
#[derive(Debug)]
struct Trap {
    loss: Loss,
    text: String,
    /// A later statement on the same connection, which is lost instead.
    then: Option<&'static str>,
}

#[derive(Debug, Default)]
struct State {
    trap: Mutex<Option<Trap>>,
    lost: watch::Sender<bool>,
    cut: watch::Sender<bool>,
    late: Mutex<Option<(TcpStream, Vec<u8>)>>,
}

impl DatabaseLink {
    /// Starts a proxy to the server of these settings, and points the settings to it.
    pub async fn start(settings: &mut DatabaseSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut url = url::Url::parse(settings.url.expose()).unwrap();
        let upstream = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        settings.url = DatabaseUrl::try_from(url.to_string()).unwrap();
        let state = Arc::<State>::default();
        let carried = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&carried)));
            }
        });
        Self { state, serving }
    }

    /// Loses the next statement that contains this text, or the answer to it. Its connection is
    /// silent from then on.
    pub fn lose(&self, loss: Loss, text: &str) {
        self.set(Trap { loss, text: text.to_owned(), then: None });
    }

    /// Loses the `COMMIT` of the next transaction that contains this text, or the answer to it.
    pub fn lose_commit(&self, loss: Loss, text: &str) {
        self.set(Trap { loss, text: text.to_owned(), then: Some("COMMIT") });
    }

    fn set(&self, trap: Trap) {
        self.state.lost.send_replace(false);
        self.state.cut.send_replace(false);
        *self.state.trap.lock().unwrap() = Some(trap);
    }

    /// Waits until the loss has happened.
    pub async fn has_lost(&self) {
        self.state.lost.subscribe().wait_for(|lost| *lost).await.unwrap();
    }

    /// Cuts the connection on which something was lost.
    pub fn cut(&self) {
        self.state.cut.send_replace(true);
    }

    /// Ends the session that a lost statement was for, after its connection was cut.
    pub async fn never_deliver(&self) {
        drop(self.late().await);
    }

    async fn late(&self) -> (TcpStream, Vec<u8>) {
        let late = async || self.state.late.lock().unwrap().take();
        super::eventually("the connection is cut", late).await
    }

    /// Delivers the lost statement, after its connection was cut, and waits until PostgreSQL has
    /// executed it.
    pub async fn deliver_late(&self) {
        let (mut server, statement) = self.late().await;
        server.write_all(&statement).await.unwrap();
        let mut answer = vec![];
        while !answer.windows(READY.len()).any(|window| window == READY) {
            assert_ne!(server.read_buf(&mut answer).await.unwrap(), 0, "the session has ended");
        }
    }
}

impl Drop for DatabaseLink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    /// Returns the loss that sent data triggers; `watched` is the loss to come on this connection.
    fn springs(&self, sent: &[u8], watched: &mut Option<(Loss, &'static str)>) -> Option<Loss> {
        let has = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
        if let Some((loss, _)) = watched.take_if(|(_, text)| has(text)) {
            return Some(loss);
        }
        let trap = self.trap.lock().unwrap().take_if(|trap| has(&trap.text))?;
        match trap.then {
            None => Some(trap.loss),
            Some(text) => {
                *watched = Some((trap.loss, text));
                None
            }
        }
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, state: Arc<State>) {
    let (mut sent, mut answered) = (vec![0; 256 * 1024], vec![0; 256 * 1024]);
    let mut watched = None;
    loop {
        tokio::select! {
            read = client.read(&mut sent) => {
                let Ok(count @ 1..) = read else { return };
                match state.springs(&sent[..count], &mut watched) {
                    None => {}
                    Some(loss) => return lose(loss, client, server, &sent[..count], &state).await,
                }
                if server.write_all(&sent[..count]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn lose(
    loss: Loss,
    client: TcpStream,
    mut server: TcpStream,
    statement: &[u8],
    state: &State,
) {
    if loss == Loss::Answer {
        server.write_all(statement).await.unwrap();
    }
    state.lost.send_replace(true);
    state.cut.subscribe().wait_for(|cut| *cut).await.unwrap();
    drop(client);
    if loss == Loss::Statement {
        *state.late.lock().unwrap() = Some((server, statement.to_owned()));
    }
}
