//! The upstream's answers.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::data::Data;
use super::tokens::Tokens;
use crate::http::{Answer, Request};
use crate::steering;

/// The first segments below which the original's upstream serves; here both is right.
const BASE: [&str; 2] = ["api", "v1"];

/// The credentials that the upstream accepts.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
    /// A token that never expires.
    pub(super) token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

/// A request for a token.
#[derive(Deserialize)]
struct Login {
    grant_type: String,
    username: String,
    password: String,
}

/// Returns the segments of a path, without those of the base.
fn segments(request: &Request) -> Vec<&str> {
    let segments = request.segments();
    segments.strip_prefix(&BASE).map(<[&str]>::to_vec).unwrap_or(segments)
}

/// Returns whether a request is for a token, and so has a password in its body.
pub(super) fn is_login(request: &Request) -> bool {
    segments(request) == ["auth"]
}

/// Answers a request for a token: `token`, if the credentials are right.
pub(super) fn login(
    credentials: &Credentials,
    tokens: &mut Tokens,
    request: &Request,
    token: &str,
    (now, lifetime): (Instant, Duration),
) -> Answer {
    if request.method != "POST" {
        return Answer::refusal(405, "expected POST");
    }
    let login: Login = match steering::read(request) {
        Ok(login) => login,
        // Not the parser's words: they may repeat a part of the body.
        Err(_) => return Answer::refusal(400, "expected JSON: grant_type, username, password"),
    };
    if login.grant_type != "password" {
        return Answer::refusal(400, "grant_type: expected password");
    }
    let Credentials { username, password, .. } = credentials;
    if (&login.username, &login.password) != (username, password) {
        return Answer::refusal(401, "wrong username or password");
    }
    tokens.issue(token.to_owned(), now, lifetime);
    Answer::json(
        200,
        &json!({
            "access_token": token,
            "expires_in": lifetime.as_secs(),
            "scope": "default",
            "token_type": "bearer",
        }),
    )
}

/// Returns whether a request shows a token that is accepted.
pub(super) fn is_authorized(
    credentials: &Credentials,
    tokens: &Tokens,
    request: &Request,
    now: Instant,
) -> bool {
    request.bearer.as_deref().is_some_and(|bearer| {
        credentials.token.as_deref() == Some(bearer) || tokens.are_valid(bearer, now)
    })
}

/// Answers a request that shows an accepted token.
pub(super) fn answer(data: &Data, request: &Request) -> Answer {
    let found = match (request.method.as_str(), segments(request).as_slice()) {
        ("GET", ["iam", "users"]) => {
            let users: Vec<_> = data.ids().into_iter().filter_map(|id| data.user(id)).collect();
            Some(json!(users))
        }
        ("GET", ["iam", "users", "me"]) => data.me().map(|user| json!(user)),
        ("GET", ["iam", "users", id, "warehouses"]) => {
            id.parse().ok().and_then(|id| data.warehouses_of(id))
        }
        _ => None,
    };
    found.map_or_else(Answer::not_found, |body| Answer::json(200, &body))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn credentials() -> Credentials {
        let token = Some("static".to_owned());
        Credentials { username: "u".to_owned(), password: "p".to_owned(), token }
    }

    fn request(method: &str, path: &str, bearer: Option<&str>, body: &'static str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            bearer: bearer.map(str::to_owned),
            body: body.into(),
            ..Request::default()
        }
    }

    fn log_in(tokens: &mut Tokens, body: &'static str, now: Instant) -> (u16, Value) {
        let request = request("POST", "/auth", None, body);
        let answer = login(&credentials(), tokens, &request, "t1", (now, MINUTE));
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    #[test]
    fn right_credentials_get_a_token_for_a_time() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let right =
            r#"{"grant_type": "password", "username": "u", "password": "p", "scope": "default"}"#;
        let (status, body) = log_in(&mut tokens, right, now);
        assert_eq!(status, 200);
        let expected = json!({"access_token": "t1", "expires_in": 60, "scope": "default",
            "token_type": "bearer"});
        assert_eq!(body, expected);
        let me = |bearer| request("GET", "/iam/users/me", bearer, "");
        let is_authorized =
            |bearer, now| super::is_authorized(&credentials(), &tokens, &me(bearer), now);
        assert!(is_authorized(Some("t1"), now) && is_authorized(Some("static"), now));
        assert!(!is_authorized(Some("t1"), now + MINUTE), "it has expired");
        assert!(is_authorized(Some("static"), now + MINUTE));
        assert!(!is_authorized(Some("t2"), now) && !is_authorized(None, now));
    }

    #[test]
    fn wrong_credentials_get_none() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        for (body, status) in [
            (r#"{"grant_type": "password", "username": "u", "password": "x"}"#, 401),
            (r#"{"grant_type": "password", "username": "x", "password": "p"}"#, 401),
            (r#"{"grant_type": "other", "username": "u", "password": "p"}"#, 400),
            (r#"{"username": "u", "password": "p"}"#, 400),
            ("grant_type=password", 400),
        ] {
            assert_eq!(log_in(&mut tokens, body, now).0, status, "{body}");
        }
        assert!(!tokens.are_valid("t1", now));
    }

    #[test]
    fn users_are_answered_at_the_root_and_below_the_originals_base() {
        let data = Data::made(2, 1, false);
        let get = |path: &str| answer(&data, &request("GET", path, None, ""));
        for base in ["", "/api/v1"] {
            let body = |path: &str| -> Value {
                serde_json::from_slice(&get(&format!("{base}{path}")).body).unwrap()
            };
            assert_eq!(body("/iam/users").as_array().unwrap().len(), 2);
            assert_eq!(body("/iam/users/me")["tenant"]["name"], "Sample");
            assert_eq!(body("/iam/users/234/warehouses")["warehouses"][0]["id"], 2);
            assert!(is_login(&request("POST", &format!("{base}/auth"), None, "")));
        }
        for unknown in ["/iam/users/9/warehouses", "/iam/users/x/warehouses", "/iam", "/api"] {
            assert_eq!(get(unknown).status, 404, "{unknown}");
        }
    }
}
