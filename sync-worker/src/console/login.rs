//! `/login` and `/logout`: where tokens are configured, the console asks for one.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use program_kit::access::Token;
use program_kit::http::body::FormBody;
use serde::Deserialize;

use super::guard::{Posted, session_cookie, session_id};
use super::page::{html_answer, notice};
use super::parts::{Tone, message};
use super::session::Sessions;

/// The query of `GET /login`.
#[derive(Debug, Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

/// `GET /login`: asks for a token.
pub(super) async fn ask(sessions: Data<Sessions>, query: Query<LoginQuery>) -> HttpResponse {
    let next = place(query.next.as_deref());
    match sessions.are_unneeded() {
        true => see(next),
        false => html_answer(StatusCode::OK, form(next, None)),
    }
}

/// `POST /login`: begins a session, unless the token is unknown. The form carries no form key, as
/// there is no session yet; where it comes from is checked.
pub(super) async fn begin(
    request: HttpRequest,
    sessions: Data<Sessions>,
    form_body: FormBody,
) -> HttpResponse {
    let posted = Posted(form_body.0);
    let next = place(Some(posted.text("next")));
    let token = Token::try_from(posted.text("token").to_owned()).ok();
    let begun = token.and_then(|token| sessions.begin(token, Instant::now()));
    let Some(id) = begun else {
        tracing::warn!("a sign-in at the console was refused: the token is unknown here");
        let problem = "No such token is known to this worker. Tokens are made by `sync-worker token \
                       new` and stand in its settings by their hashes.";
        return html_answer(StatusCode::UNAUTHORIZED, form(next, Some(problem)));
    };
    // A session that the browser had ends: its id could have been planted.
    session_id(&request).iter().for_each(|old| sessions.end(old));
    leave(next, session_cookie(&request, Some(&id)))
}

/// `POST /logout`: ends the session.
pub(super) async fn end(
    request: HttpRequest,
    sessions: Data<Sessions>,
    _posted: Posted,
) -> HttpResponse {
    session_id(&request).iter().for_each(|id| sessions.end(id));
    leave("/login", session_cookie(&request, None))
}

/// Leads to a page, with another session or none.
fn leave(place: &str, cookie: String) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, place))
        .insert_header((SET_COOKIE, cookie))
        .finish()
}

/// Returns where to go after signing in: a path of this program, whatever a link says.
fn place(next: Option<&str>) -> &str {
    let is_path = |next: &&str| {
        next.starts_with('/')
            && !next.starts_with("//")
            && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(is_path).unwrap_or("/")
}

/// Leads to a page.
pub(super) fn see(place: impl Into<String>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place.into())).finish()
}

fn form(next: &str, problem: Option<&str>) -> Markup {
    notice(
        "Sign in",
        &html! {
            @if let Some(problem) = problem { (message(Tone::Bad, &html! { (problem) })) }
            form.fields method="post" action="/login" {
                input type="hidden" name="next" value=(next);
                div.field {
                    label for="token" { "Token" }
                    input #token type="password" name="token" required autofocus
                        autocomplete="current-password" aria-describedby="token-hint"
                        aria-invalid=[problem.is_some().then_some("true")];
                    p.hint #token-hint {
                        "What you may do here is what the token may do. It stays in the memory of the \
                         worker; the browser gets a random number for it."
                    }
                }
                button.main { "Sign in" }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn signing_in_leads_nowhere_else() {
        for path in ["/", "/orders?company=A%20B", "/orders/1#x"] {
            assert_eq!(place(Some(path)), path);
        }
        for other in ["", "//evil.example", "/\\evil.example", "https://evil", "/a\r\nb", "/a b"] {
            assert_eq!(place(Some(other)), "/", "{other:?}");
        }
        assert_eq!(place(None), "/");
    }
}
