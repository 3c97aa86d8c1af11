//! Texts that stay the same while the program runs, and that everybody may ask for: each is compressed
//! once instead of for each request, and not sent to a caller who has it.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, ETag, Encoding, EntityTag, VARY};
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::conditional::is_tag_known;

/// A text that stays the same, with its compressed form.
pub struct StaticText {
    plain: Form,
    /// Made when it is first asked for; none if that fails.
    gzip: OnceLock<Option<Form>>,
    digest: String,
}

/// A text in one encoding.
struct Form {
    encoding: ContentEncoding,
    bytes: Bytes,
    tag: EntityTag,
}

impl StaticText {
    /// Creates it.
    #[must_use]
    pub fn new(text: String) -> Self {
        let digest = Sha256::digest(&text);
        let digest = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        let plain = Form {
            encoding: ContentEncoding::Identity,
            bytes: text.into(),
            tag: EntityTag::new_strong(digest.clone()),
        };
        Self { plain, gzip: OnceLock::new(), digest }
    }

    /// Answers a request, with the headers that `response` has already.
    pub fn answer(&self, request: &HttpRequest, mut response: HttpResponseBuilder) -> HttpResponse {
        let form = match takes_gzip(request) {
            true => self.gzip().unwrap_or(&self.plain),
            false => &self.plain,
        };
        response.insert_header(ETag(form.tag.clone())).insert_header((VARY, "accept-encoding"));
        if is_tag_known(request, &form.tag) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        // Named even if it is none: else `Compress` would compress the text, for a caller that takes
        // only deflate.
        response.insert_header(form.encoding).body(form.bytes.clone())
    }

    fn gzip(&self) -> Option<&Form> {
        let make = || {
            let bytes = gzip(&self.plain.bytes).ok()?.into();
            let tag = EntityTag::new_strong(format!("{}-gzip", self.digest));
            Some(Form { encoding: ContentEncoding::Gzip, bytes, tag })
        };
        self.gzip.get_or_init(make).as_ref()
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    let accepted = request.get_header::<AcceptEncoding>();
    let chosen = accepted.and_then(|accepted| accepted.negotiate(supported.iter()));
    chosen == Some(Encoding::gzip())
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(text)?;
    encoder.finish()
}
