//! Requests on behalf of a person whose answer is shown as it is, also where the side refuses.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::SideClient;
use super::answer::{Reply, RequestError};
use crate::settings::append;

/// A request on behalf of a person.
#[derive(Clone, Copy, Debug)]
pub struct PersonRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, for example `v1/orders`.
    pub path: &'a str,
    /// The version that the person has seen of what is changed.
    pub seen: Option<i64>,
    /// The body.
    pub body: Option<&'a Value>,
}

impl SideClient {
    /// Sends a request; the reply may have any status.
    pub async fn request_for_person(
        &self,
        request: PersonRequest<'_>,
    ) -> Result<Reply, RequestError> {
        let PersonRequest { method, path, seen, body } = request;
        let mut request = self.http.request(method.clone(), append(&self.base, path));
        if let Some(version) = seen {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.forward(self.authorized(request)).await
    }

    /// Reads a resource; `None` if there is none.
    pub async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, RequestError> {
        match self.forward(self.get(path).query(query)).await? {
            Reply { status: 404, .. } => Ok(None),
            reply => self.parse(reply).map(Some),
        }
    }
}
