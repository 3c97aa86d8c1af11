//! The style sheet and the scripts, as parts of the program. Their names contain a digest of what is
//! in them, so browsers keep them for good.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{self, Path};
use actix_web::{HttpRequest, HttpResponse};
use program_kit::access::Rule;
use program_kit::http::endpoints::{PathEndpoints, endpoints_of, read_endpoints};
use program_kit::http::operation::page as describe_page;
use program_kit::http::problem::{Kind, Problem};
use program_kit::http::static_text::StaticText;
use sha2::{Digest as _, Sha256};

/// A file that pages refer to.
struct Asset {
    name: String,
    content_type: &'static str,
    text: StaticText,
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text);
        let digest = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>();
        let name = format!("{name}.{digest}.{extension}");
        Self { name, content_type, text: StaticText::new(text.to_owned()) }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content_type = "text/javascript; charset=utf-8";
    Asset::new("console", "js", content_type, include_str!("assets/console.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// Returns the path of the style sheet.
pub(super) fn style() -> String {
    format!("/assets/{}", STYLE.name)
}

/// Returns the path of the script.
pub(super) fn script() -> String {
    format!("/assets/{}", SCRIPT.name)
}

/// Returns the path of the icon.
pub(super) fn icon() -> String {
    format!("/assets/{}", ICON.name)
}

/// `GET /assets/{name}`: for everybody, as nothing in them is a secret.
pub(super) fn route() -> PathEndpoints {
    endpoints_of(
        "/assets/{name}",
        "use GET",
        read_endpoints(Rule::Public, || web::to(asset), describe_page),
    )
}

async fn asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    let asset = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.name == *name);
    let asset = asset.ok_or_else(|| Problem::new(Kind::NotFound, format!("no asset {name}")))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    Ok(asset.text.answer(&request, response))
}
