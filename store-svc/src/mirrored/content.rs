//! The contents of a post or of a comment, and what they may be. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use garde::rules::email::parse_email;
use program_kit::http::problem::{Expectation, FieldError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared_models::mirror::Mirrored;

/// The most characters of a title or a name.
pub(crate) const NAME: usize = 100;
/// The most characters of an e-mail address.
pub(crate) const EMAIL: usize = 254;
/// The most characters of a text.
pub(crate) const BODY: usize = 50_000;
/// The highest id that a caller may set: the largest integer that every JSON parser reads exactly.
pub(crate) const MAX_ID: i64 = 9_007_199_254_740_991;

/// The contents of a record: what a caller sets, and what the remote has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The user of a post; the post of a comment, by its id here.
    pub(crate) parent: Option<i64>,
    /// The title of a post; the name of a comment's author.
    pub(crate) name: String,
    /// The e-mail address of a comment's author.
    pub(crate) email: Option<String>,
    /// The text.
    pub(crate) body: String,
}

/// The contents of a record, as they are sent and as they stand in its events.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<'a> {
    /// Those of a post.
    Post {
        #[serde(rename = "userId")]
        user_id: Option<i64>,
        title: &'a str,
        body: &'a str,
    },
    /// Those of a comment.
    Comment {
        #[serde(rename = "postId")]
        post_id: Option<i64>,
        name: &'a str,
        email: Option<&'a str>,
        body: &'a str,
    },
}

impl Content {
    /// Shows the contents of a record of this kind.
    pub(crate) fn show(&self, kind: Mirrored) -> Shown<'_> {
        let Self { parent, name, email, body } = self;
        match kind {
            Mirrored::Post => Shown::Post { user_id: *parent, title: name, body },
            Mirrored::Comment => {
                Shown::Comment { post_id: *parent, name, email: email.as_deref(), body }
            }
        }
    }

    /// Returns a digest of the contents.
    pub(crate) fn digest(&self) -> String {
        let Self { parent, name, email, body } = self;
        // Each part has its length before it, so that none can pass for another.
        let mut digest = Sha256::new();
        digest.update(parent.map_or([0xff; 8], i64::to_be_bytes));
        for part in [name.as_str(), email.as_deref().unwrap_or_default(), body] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        URL_SAFE_NO_PAD.encode(&digest.finalize()[..18])
    }

    /// Returns what does not fit, each with the name of its field.
    pub(crate) fn errors(&self, kind: Mirrored, expectation: Expectation) -> Vec<FieldError> {
        let Self { parent, name, email, body } = self;
        let (parent_field, name_field) = match kind {
            Mirrored::Post => ("userId", "title"),
            Mirrored::Comment => ("postId", "name"),
        };
        let id = parent.filter(|id| !(0..=MAX_ID).contains(id)).map(|id| format!("is {id}"));
        let no_post =
            (kind == Mirrored::Comment && parent.is_none()).then(|| "is missing".to_owned());
        let found = [
            (parent_field, id.or(no_post)),
            (name_field, text_problem(name, NAME, char::is_control)),
            ("email", email.as_deref().and_then(email_problem)),
            ("body", text_problem(body, BODY, |it| it.is_control() && !"\n\r\t".contains(it))),
        ];
        let wrong = |(field, problem): (&str, Option<String>)| {
            Some(FieldError::new(field, problem?, expectation))
        };
        found.into_iter().filter_map(wrong).collect()
    }
}

fn text_problem(text: &str, most: usize, is_wrong: impl Fn(char) -> bool) -> Option<String> {
    if text.trim().is_empty() {
        return Some("is blank".to_owned());
    }
    if let Some(found) = text.chars().find(|it| is_wrong(*it)) {
        return Some(format!("contains the control character U+{:04X}", u32::from(found)));
    }
    match text.chars().count() {
        length if length > most => {
            Some(format!("has {length} characters; at most {most} are allowed"))
        }
        _ => None,
    }
}

fn email_problem(email: &str) -> Option<String> {
    if email.chars().count() > EMAIL {
        return Some(format!("is longer than {EMAIL} characters"));
    }
    parse_email(email).err().map(|error| format!("is not an e-mail address: {error}"))
}

/// Returns what the fields of the bodies may be.
pub(crate) fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "userId" => Some("a whole number from 0 to 9,007,199,254,740,991, or null"),
        "postId" => Some("the id of a post that exists"),
        "title" | "name" => Some("1 to 100 characters, not blank, without control characters"),
        "email" => Some("an e-mail address of at most 254 characters"),
        "body" => Some(
            "1 to 50,000 characters, not blank, without control characters except line breaks and tabs",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment() -> Content {
        let [name, body] = ["Ann", "What a\nport!"].map(str::to_owned);
        Content { parent: Some(1), name, email: Some("ann@quay.example".to_owned()), body }
    }

    #[test]
    fn contents_that_differ_anywhere_have_different_digests() {
        let same = comment();
        let text = |text: &str| text.to_owned();
        let others = [
            Content { parent: None, ..comment() },
            Content { parent: Some(2), ..comment() },
            Content { name: text("Anna"), ..comment() },
            Content { email: None, ..comment() },
            Content { body: text("What a port!"), ..comment() },
            Content { name: text("An"), email: Some(text("nann@quay.example")), ..comment() },
        ];
        assert_eq!(same.digest(), comment().digest());
        for other in others {
            assert_ne!(same.digest(), other.digest(), "{other:?}");
        }
    }

    /// Digests are stored: another one for the same contents would make each load touch every record, and creates of
    /// unknown outcome unknown for ever. A part that is new is hashed only if it is there.
    #[test]
    fn the_digest_of_contents_stays_what_it_was() {
        assert_eq!(comment().digest(), "gPL4P1FicUHpIaCEZsUd363X");
    }

    #[test]
    fn each_field_has_its_limits() {
        let fields = |content: &Content, kind| {
            let errors = content.errors(kind, expectation);
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert!(fields(&comment(), Mirrored::Comment).is_empty());
        let wide = Content { name: "é".repeat(100), body: "🚚".repeat(50_000), ..comment() };
        assert!(fields(&wide, Mirrored::Comment).is_empty());
        let wrong = Content {
            parent: Some(-1),
            name: "é".repeat(101),
            email: Some("no address".into()),
            body: "a\0".into(),
        };
        assert_eq!(fields(&wrong, Mirrored::Comment), ["postId", "name", "email", "body"]);
        let blank = Content { parent: None, name: " ".into(), email: None, body: "\n".into() };
        assert_eq!(fields(&blank, Mirrored::Post), ["title", "body"]);
        assert_eq!(fields(&blank, Mirrored::Comment), ["postId", "name", "body"]);
        for email in
            ["", "a@", "@b.example", "a b@c.example", &format!("a@{}.example", "b".repeat(300))]
        {
            let wrong = Content { email: Some(email.into()), ..comment() };
            assert_eq!(fields(&wrong, Mirrored::Comment), ["email"], "{email}");
        }
    }
}
