//! The sessions of people at the console. A browser holds a random id; the token that it stands for
//! stays in the worker's memory, for a time and in a bounded number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use program_kit::access::{Access, Caller, Token};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The longest life of a session.
const MAX_AGE: Duration = Duration::from_secs(12 * 3_600);
/// The time without a request after which a session ends.
const MAX_IDLE: Duration = Duration::from_secs(2 * 3_600);
/// The most sessions of a token; the one that was idle longest makes room for a new one. So nobody can
/// end the sessions of others by signing in.
const MAX_OF_ONE: usize = 20;

/// A digest of a session's id: looking one up takes no time from which the id can be guessed.
type Key = [u8; 32];

/// The person who uses the console.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Who it is, and what is permitted.
    pub(crate) caller: Caller,
    /// The token, to be shown to the sides; `None` where no tokens are configured.
    pub(crate) token: Option<Token>,
    /// The text that a form must carry, which no other site can know.
    pub(crate) form_key: String,
}

/// The sessions.
pub(crate) struct Sessions {
    access: Access,
    /// Makes the form keys unpredictable.
    secret: Token,
    open: Mutex<HashMap<Key, Session>>,
}

#[derive(Clone)]
struct Session {
    caller: Caller,
    token: Token,
    began: Instant,
    seen: Instant,
}

impl Sessions {
    /// Creates the sessions of a program that knows these tokens.
    pub(crate) fn new(access: Access) -> Result<Self, String> {
        let secret = Token::random().map_err(|error| error.to_string())?;
        Ok(Self { access, secret, open: Mutex::default() })
    }

    /// Returns whether everybody on this machine may do everything, without a session.
    pub(crate) fn are_unneeded(&self) -> bool {
        self.access.is_open()
    }

    /// Begins a session for the holder of a token; returns its id, or `None` for an unknown token.
    pub(crate) fn begin(&self, token: Token, now: Instant) -> Option<String> {
        let caller = self.access.caller(Some(token.expose())).ok()?;
        let id = Token::random().ok()?.expose().to_owned();
        let mut open = self.lock();
        open.retain(|_, session| session.is_open(now));
        let own = open.iter().filter(|(_, session)| session.caller.name() == caller.name());
        let own = own.map(|(key, session)| (session.seen, *key)).collect::<Vec<_>>();
        if own.len() >= MAX_OF_ONE {
            own.iter().min().map(|(_, idle)| open.remove(idle));
        }
        open.insert(digest(&[&id]), Session { caller, token, began: now, seen: now });
        Some(id)
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(&digest(&[id]));
    }

    /// Returns the person with this session; everybody, where no tokens are configured.
    pub(crate) fn visitor(&self, id: Option<&str>, now: Instant) -> Option<Visitor> {
        if self.are_unneeded() {
            let form_key = self.form_key("");
            return Some(Visitor { caller: Caller::Anybody, token: None, form_key });
        }
        let id = id?;
        let mut open = self.lock();
        let session = open.get_mut(&digest(&[id])).filter(|session| session.is_open(now))?;
        session.seen = now;
        let Session { caller, token, .. } = session.clone();
        Some(Visitor { caller, token: Some(token), form_key: self.form_key(id) })
    }

    fn form_key(&self, id: &str) -> String {
        let digest = digest(&[self.secret.expose(), id]);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        let since = |then| now.saturating_duration_since(then);
        since(self.began) < MAX_AGE && since(self.seen) < MAX_IDLE
    }
}

impl Visitor {
    /// Returns whether a form was made for this person.
    pub(crate) fn is_key_of(&self, given: &str) -> bool {
        given.as_bytes().ct_eq(self.form_key.as_bytes()).into()
    }
}

fn digest(parts: &[&str]) -> Key {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use program_kit::access::AccessSettings;

    use super::*;

    fn sessions(token: &Token) -> Sessions {
        let config = serde_json::json!({"tokens": {"ann": format!("read {}", token.hash())}});
        Sessions::new(Access::new(&serde_json::from_value::<AccessSettings>(config).unwrap()))
            .unwrap()
    }

    #[test]
    fn a_session_ends_by_itself_when_it_is_idle_and_when_it_is_old() {
        let token = Token::random().unwrap();
        let (sessions, now) = (sessions(&token), Instant::now());
        let id = sessions.begin(token, now).unwrap();
        let is_open = |at| sessions.visitor(Some(&id), now + at).is_some();
        assert!(is_open(MAX_IDLE / 2) && is_open(MAX_IDLE));
        assert!(!is_open(MAX_IDLE * 2));
        let mut at = MAX_IDLE;
        while at < MAX_AGE {
            assert!(is_open(at), "{at:?}");
            at += MAX_IDLE / 2;
        }
        assert!(!is_open(MAX_AGE));
    }

    #[test]
    fn only_the_id_of_an_open_session_is_one() {
        let token = Token::random().unwrap();
        let (sessions, now) = (sessions(&token), Instant::now());
        let id = sessions.begin(token.clone(), now).unwrap();
        assert!(sessions.begin(Token::random().unwrap(), now).is_none());
        let name = |id| Some(sessions.visitor(id, now)?.caller.name().unwrap().to_owned());
        assert_eq!(name(Some(&id)), Some("ann".to_owned()));
        assert!(name(None).is_none() && name(Some("")).is_none());
        assert!(name(Some(token.expose())).is_none(), "a token is no session");
        sessions.end(&id);
        assert!(name(Some(&id)).is_none());
    }

    #[test]
    fn of_the_sessions_of_a_token_the_idlest_gives_way_and_those_of_others_stay() {
        let [ann, bob] = [(); 2].map(|()| Token::random().unwrap());
        let of = |token: &Token| format!("read {}", token.hash());
        let config = serde_json::json!({"tokens": {"ann": of(&ann), "bob": of(&bob)}});
        let settings = serde_json::from_value::<AccessSettings>(config).unwrap();
        let sessions = Sessions::new(Access::new(&settings)).unwrap();
        let now = Instant::now();
        let at = |n: usize| now + Duration::from_millis(u64::try_from(n).unwrap());
        let of_ann = sessions.begin(ann, now).unwrap();
        let ids = (0..=MAX_OF_ONE).map(|n| sessions.begin(bob.clone(), at(n)).unwrap());
        let ids = ids.collect::<Vec<_>>();
        assert_eq!(sessions.lock().len(), MAX_OF_ONE + 1);
        let is_open = |id: &String| sessions.visitor(Some(id), at(MAX_OF_ONE)).is_some();
        assert!(!is_open(&ids[0]) && is_open(&ids[1]) && is_open(&ids[MAX_OF_ONE]));
        assert!(is_open(&of_ann));
    }

    #[test]
    fn a_form_is_of_one_session() {
        let token = Token::random().unwrap();
        let (sessions, now) = (sessions(&token), Instant::now());
        let visitor = |_| {
            let id = sessions.begin(token.clone(), now).unwrap();
            sessions.visitor(Some(&id), now).unwrap()
        };
        let [one, other] = [0, 1].map(visitor);
        assert!(one.is_key_of(&one.form_key) && !one.is_key_of(&other.form_key));
        assert!(!one.is_key_of("") && !one.is_key_of(&one.form_key[1..]));
    }
}
