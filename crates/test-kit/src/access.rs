//! Checks that each route admits the callers that its rule permits, and no others.

use program_kit::access::{Role, Rule};
use program_kit::http::endpoints::Routes;
use reqwest::Method;
use uuid::Uuid;

use super::{Answer, TestClient, TestTokens};

/// A token that is not configured.
const UNKNOWN: &str = "lockstep_nobody-was-given-this-one";

impl TestClient {
    /// Requests every route with every kind of caller; the program has `tokens`.
    pub async fn assert_keeps_to_its_rules(&self, routes: &Routes, tokens: &TestTokens) {
        for (path, method, rule) in routes.rules() {
            let path = path.replace("{id}", &Uuid::nil().to_string());
            let path = path.replace("{name}", "store-to-warehouse");
            let method = Method::from_bytes(method.as_str().as_bytes()).unwrap();
            self.assert_keeps_to(&method, &path, rule, tokens).await;
        }
        // Unknown callers are not told that a resource does not exist.
        self.as_somebody(&Method::GET, "/nothing", None).await.assert_problem(401);
        self.as_somebody(&Method::DELETE, "/metrics", None).await.assert_problem(401);
        let read = tokens.of(Role::Read).expose();
        self.as_somebody(&Method::GET, "/nothing", Some(read)).await.assert_problem(404);
        self.as_somebody(&Method::DELETE, "/metrics", Some(read)).await.assert_problem(405);
    }

    async fn assert_keeps_to(&self, method: &Method, path: &str, rule: Rule, tokens: &TestTokens) {
        let what = format!("{method} {path}, for {}", rule.role_names());
        let nobody = self.as_somebody(method, path, None).await;
        match rule {
            Rule::Public => assert!(![401, 403].contains(&nobody.status), "{what}"),
            Rule::Any(_) => assert_challenges(&nobody, &what, "Bearer realm=\"lockstep\""),
        }
        let unknown = self.as_somebody(method, path, Some(UNKNOWN)).await;
        assert_challenges(&unknown, &what, "error=\"invalid_token\"");
        for role in Role::ALL {
            let answer = self.as_somebody(method, path, Some(tokens.of(role).expose())).await;
            match rule {
                Rule::Any(needed) if !needed.iter().any(|needed| role.covers(*needed)) => {
                    assert_eq!(answer.status, 403, "{what}, as {role}: {}", answer.text);
                    let names_it = answer.text.contains(&rule.role_names());
                    assert!(names_it || method == Method::HEAD, "{what}: {}", answer.text);
                }
                Rule::Any(_) | Rule::Public => {
                    let let_in = ![401, 403].contains(&answer.status);
                    assert!(let_in, "{what}, as {role}: {} {}", answer.status, answer.text);
                }
            }
        }
    }

    async fn as_somebody(&self, method: &Method, path: &str, token: Option<&str>) -> Answer {
        let request = self.request(method.clone(), path);
        self.send(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }
}

#[track_caller]
fn assert_challenges(answer: &Answer, what: &str, challenge: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    let told = answer.header("www-authenticate").unwrap_or_default();
    assert!(told.contains(challenge), "{what}: {told}");
}
