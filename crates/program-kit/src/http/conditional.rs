//! Versions as entity tags: `ETag`, `If-Match`, `If-None-Match`.

use actix_web::HttpRequest;
use actix_web::http::header::{ETag, EntityTag, Header as _, IfMatch, IfNoneMatch};

use super::problem::{Kind, Problem};

/// Returns the entity tag of a version.
#[must_use]
pub fn etag(version: i64) -> ETag {
    ETag(tag(version))
}

fn tag(version: i64) -> EntityTag {
    EntityTag::new_strong(version.to_string())
}

/// The versions that a caller accepts to change (`If-Match`).
#[derive(Debug)]
pub struct Precondition(Accepted);

#[derive(Debug)]
enum Accepted {
    Any,
    Tags(Vec<EntityTag>),
}

impl Precondition {
    /// Parses `If-Match`. (actix would skip tags that it cannot parse.)
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let headers = request.headers().get_all(IfMatch::name());
        let texts = headers.map(|value| value.to_str().ok()).collect::<Option<Vec<_>>>();
        let accepted = match texts.as_deref() {
            Some([] | ["*"]) => Some(Accepted::Any),
            Some(several) => tags(&several.join(",")).map(Accepted::Tags),
            None => None,
        };
        accepted.map(Self).ok_or_else(|| {
            let detail = "expected If-Match: *, or If-Match with quoted tags such as \"3\"";
            Problem::new(Kind::Unreadable, detail)
        })
    }

    /// Fails if the caller has seen another version.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let fits = match &self.0 {
            Accepted::Any => true,
            Accepted::Tags(tags) => tags.iter().any(|seen| seen.strong_eq(&tag(version))),
        };
        match fits {
            true => Ok(()),
            false => {
                let detail =
                    format!("If-Match does not name the current version, {version}; read it again");
                Err(Problem::new(Kind::Stale, detail).with("version", version))
            }
        }
    }
}

/// Parses `"3", W/"4"`: one or more tags, and nothing else.
fn tags(text: &str) -> Option<Vec<EntityTag>> {
    let (mut tags, mut rest) = (vec![], text.trim());
    loop {
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (_, after) = quoted.split_once('"')?;
        tags.push(rest[..rest.len() - after.len()].parse().ok()?);
        match after.trim_start().split_once(',') {
            Some(("", next)) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Some(tags),
            Some(_) | None => return None,
        }
    }
}

/// Returns whether the caller has this version already, by `If-None-Match`.
#[must_use]
pub fn is_known(request: &HttpRequest, version: i64) -> bool {
    is_tag_known(request, &tag(version))
}

/// Returns whether the caller has what this tag stands for, by `If-None-Match`.
pub(super) fn is_tag_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(IfNoneMatch::name()),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|seen| seen.weak_eq(tag)),
        Err(_) => false,
    }
}
