//! All programs that are started here know the same tokens, one for each role, and serve nobody
//! without one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use program_kit::access::{Role, Token};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use test_kit::{TestClient, TestTokens};

/// The tokens; new ones for each process.
static TOKENS: LazyLock<TestTokens> = LazyLock::new(TestTokens::random);

/// The token with this role.
#[must_use]
pub fn token(role: Role) -> &'static Token {
    TOKENS.of(role)
}

/// The settings by which a program knows the tokens.
pub(crate) fn settings() -> impl Iterator<Item = (String, String)> {
    TOKENS.variables()
}

/// A client of the program at this URL, that may do everything a person may.
#[must_use]
pub fn client(url: &str) -> TestClient {
    TestClient::new(url).with_token(token(Role::Admin))
}

/// The headers of every request with this role.
#[must_use]
pub fn headers(role: Role) -> HeaderMap {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token(role).expose())).unwrap();
    value.set_sensitive(true);
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

/// Looks through all files in a folder, and panics where a token or one of `others` stands in one.
pub fn assert_nothing_leaked(folder: &Path, others: &[&str]) {
    let secrets = TOKENS.all().map(Token::expose).chain(others.iter().copied());
    let secrets = secrets.collect::<Vec<_>>();
    for file in files(folder) {
        let text = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().find(|line| secrets.iter().any(|secret| line.contains(secret)));
        assert!(line.is_none(), "a secret stands in {}: {line:?}", file.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The password in a URL.
pub fn password(url: &str) -> &str {
    let (login, _) = url.split_once("://").unwrap().1.rsplit_once('@').unwrap();
    login.split_once(':').unwrap().1
}
