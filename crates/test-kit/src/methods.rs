//! Checks that every method that a path does not have is refused, with the list of those it has.

use reqwest::Method;

use super::TestClient;

const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

impl TestClient {
    /// Checks `routes`: each path with its methods, for example `GET, HEAD`.
    pub async fn assert_has_only(&self, routes: &[(&str, &str)]) {
        for (path, allowed) in routes {
            let allowed = allowed.split(", ").collect::<Vec<_>>();
            for method in METHODS {
                let request = self.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
                let answer = self.send(request).await;
                if allowed.contains(&method) {
                    assert_ne!(answer.status, 405, "{method} {path}");
                    continue;
                }
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
                let told = answer.header("allow").expect("Allow").split(", ");
                assert_eq!(told.collect::<Vec<_>>(), allowed, "{method} {path}");
                if method != "HEAD" {
                    answer.assert_problem(405);
                }
            }
        }
    }
}
