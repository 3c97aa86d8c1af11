//! Versions as entity tags: `ETag`, `If-Match`, `If-None-Match`.

use actix_web::HttpRequest;
use actix_web::http::header::{ETag, EntityTag, Header as _, IfMatch, IfNoneMatch};

use super::problem::{Kind, Problem};

/// The entity tag of a version.
#[must_use]
pub fn etag(version: i64) -> ETag {
    ETag(tag(version))
}

fn tag(version: i64) -> EntityTag {
    EntityTag::new_strong(version.to_string())
}

/// Which versions a caller is willing to change.
#[derive(Debug)]
pub struct Precondition(Option<IfMatch>);

impl Precondition {
    /// Reads `If-Match`.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if !request.headers().contains_key(IfMatch::name()) {
            return Ok(Self(None));
        }
        let unreadable = |_| {
            let detail = "If-Match is to be *, or tags such as \"3\" (with the quotes)";
            Problem::new(Kind::Unreadable, detail)
        };
        IfMatch::parse(request).map(|tags| Self(Some(tags))).map_err(unreadable)
    }

    /// Refuses where the caller has seen another version.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let fits = match &self.0 {
            None | Some(IfMatch::Any) => true,
            Some(IfMatch::Items(tags)) => tags.iter().any(|seen| seen.strong_eq(&tag(version))),
        };
        match fits {
            true => Ok(()),
            false => {
                let detail = format!("it has changed since: its version is {version} now");
                Err(Problem::new(Kind::Stale, detail).with("version", version))
            }
        }
    }
}

/// Whether the caller has this version already, by `If-None-Match`.
#[must_use]
pub fn is_known(request: &HttpRequest, version: i64) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(IfNoneMatch::name()),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|seen| seen.weak_eq(&tag(version))),
        Err(_) => false,
    }
}
