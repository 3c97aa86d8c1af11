//! The frame of every page: head, navigation, who is here, and where the content goes.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::guard::FORM_KEY;
use super::session::Visitor;

/// A section of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Orders,
    Parked,
    Agreement,
    Sources,
    Readings,
    Settings,
}

impl Section {
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Orders,
        Self::Parked,
        Self::Agreement,
        Self::Sources,
        Self::Readings,
        Self::Settings,
    ];

    const fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("/", "Overview"),
            Self::Orders => ("/orders", "Orders"),
            Self::Parked => ("/parked", "Parked"),
            Self::Agreement => ("/agreement", "Agreement"),
            Self::Sources => ("/sources", "Sources"),
            Self::Readings => ("/readings", "Readings"),
            Self::Settings => ("/settings", "Settings and access"),
        }
    }
}

/// Answers with a page for a person.
pub(crate) fn page(
    visitor: &Visitor,
    section: Section,
    title: &str,
    content: &Markup,
) -> HttpResponse {
    page_with(StatusCode::OK, visitor, section, title, content)
}

/// Answers with a page that says what became of a request.
pub(crate) fn page_with(
    status: StatusCode,
    visitor: &Visitor,
    section: Section,
    title: &str,
    content: &Markup,
) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                a.skip href="#content" { "Skip to the content" }
                header.bar {
                    a.brand href="/" { img src=(assets::icon()) alt="" width="24" height="24"; "Lockstep" }
                    nav aria-label="Sections" {
                        @for each in Section::ALL {
                            @let (href, name) = each.link();
                            a href=(href) aria-current=[(each == section).then_some("page")] { (name) }
                        }
                    }
                    (who(visitor))
                }
                main #content tabindex="-1" {
                    (content)
                }
            }
        }
    };
    html_answer(status, page)
}

/// A page outside the sections: a notice, or the question for a token.
pub(crate) fn notice(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.alone {
                main #content {
                    p.brand { img src=(assets::icon()) alt="" width="32" height="32"; "Lockstep" }
                    h1 { (title) }
                    (content)
                }
            }
        }
    }
}

/// Answers with HTML.
pub(crate) fn html_answer(status: StatusCode, page: Markup) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page.into_string())
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) " · Lockstep" }
            link rel="icon" href=(assets::icon()) type="image/svg+xml";
            link rel="stylesheet" href=(assets::style());
            script type="module" src=(assets::script()) {}
        }
    }
}

fn who(visitor: &Visitor) -> Markup {
    html! {
        div.who {
            @if let Some(name) = visitor.caller.name() {
                span { "Token " strong { (name) } }
                form method="post" action="/logout" {
                    (form_key(visitor))
                    button.quiet { "Sign out" }
                }
            } @else {
                span title="No token is configured, so whoever is on this machine may do everything." {
                    "Open on this machine"
                }
            }
        }
    }
}

/// The hidden field that shows that a form is of this session.
pub(crate) fn form_key(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(FORM_KEY) value=(visitor.form_key); }
}
