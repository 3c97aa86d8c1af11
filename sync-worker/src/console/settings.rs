//! What is configured, without secrets; and who the token in use is, and what it may do.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use maud::{Markup, html};
use program_kit::access::{Caller, Role, Rule};
use program_kit::http::endpoints::Routes;
use shared_models::side::Side;

use super::guard::{Known, page as guarded_page};
use super::page::{Section, page};
use super::parts::{Tone, length, mark};
use crate::settings::{WorkerSettings, without_credentials};

/// The page of settings.
pub(super) fn routes() -> Routes {
    Routes::default().with(guarded_page("/settings", Rule::READ, || web::to(show)))
}

/// The settings, as they are shown: each with its name in the settings.
pub(super) struct Shown {
    groups: Vec<(&'static str, Vec<(&'static str, String)>)>,
    tokens: Vec<(String, String)>,
}

impl Shown {
    /// Collects what may be shown. A URL is shown without what may be secret in it.
    pub(super) fn of(settings: &WorkerSettings) -> Self {
        let WorkerSettings { http, access, broker, carry, compare, upstream, mirror, .. } =
            settings;
        let side = |side| {
            let of = settings.sides();
            let of = of.of(side);
            let url = of.url.base().map_or_else(|_| String::new(), |url| without_credentials(&url));
            let token = if of.token.is_some() { "set" } else { "not set" };
            vec![("url", url), ("token", token.to_owned())]
        };
        let time = |time: Duration| length(time);
        let set = |is_set: bool| if is_set { "configured" } else { "not configured" }.to_owned();
        let groups = vec![
            ("http", vec![("host", http.host.to_string()), ("port", http.port.to_string())]),
            ("store", side(Side::Store)),
            ("warehouse", side(Side::Warehouse)),
            ("broker", vec![("reply_timeout", time(broker.reply_timeout))]),
            (
                "carry",
                vec![
                    ("prefetch", carry.prefetch.to_string()),
                    ("max_changes", carry.max_changes.get().to_string()),
                    ("request_timeout", time(carry.request_timeout)),
                    ("probe_interval", time(carry.probe_interval)),
                    ("breaker_failures", carry.breaker_failures.to_string()),
                    ("backoff_min", time(carry.backoff_min)),
                    ("backoff_max", time(carry.backoff_max)),
                    ("tries_alone", carry.tries_alone.to_string()),
                    ("replace_queue_after", time(carry.replace_queue_after)),
                ],
            ),
            (
                "compare",
                vec![
                    ("enabled", compare.enabled.to_string()),
                    ("interval", time(compare.interval)),
                    ("grace", time(compare.grace)),
                ],
            ),
            ("upstream", vec![("url", set(upstream.url.is_some()))]),
            ("mirror", vec![("url", set(mirror.url.is_some()))]),
        ];
        let tokens = access.tokens.iter();
        let tokens = tokens.map(|(name, known)| (name.to_owned(), known.roles.to_string()));
        Self { groups, tokens: tokens.collect() }
    }
}

/// What a person may do here, and the rule about it.
const DEEDS: [(&str, Rule); 6] = [
    ("See how things are, orders, sources and readings", Rule::READ),
    ("Place, edit, move and void orders", Rule::WRITE),
    ("Run a source and compare now", Rule::WRITE),
    ("Pause and resume a direction", Rule::ADMIN),
    ("See parked changes, with the messages in them", Rule::ADMIN),
    ("Replay them and give them up", Rule::ADMIN),
];

/// `GET /settings`.
async fn show(shown: Data<Shown>, known: Known) -> HttpResponse {
    let content = html! {
        h1 { "Settings and access" }
        (access(&known.0.caller))
        (tokens(&shown.tokens, &known.0.caller))
        section.card {
            h2 { "What is configured" }
            p.hint {
                "Of this worker, without secrets. Each is set in its file or by the environment: "
                code { "WORKER__CARRY__PREFETCH" } "."
            }
            div.settings {
                @for (group, rows) in &shown.groups {
                    div {
                        h3 { "[" (group) "]" }
                        dl.facts { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } }
                    }
                }
            }
        }
    };
    page(&known.0, Section::Settings, "Settings and access", &content)
}

fn access(caller: &Caller) -> Markup {
    html! {
        section.card {
            h2 { "Who you are" }
            @match caller {
                Caller::Known(principal) => p { "The token " strong { (principal.name) } ", with the roles " (principal.roles) "." },
                Caller::Anybody | Caller::Nobody => p {
                    "No token is configured: whoever is on this machine may do everything, and nobody from elsewhere gets in. "
                    code { "sync-worker token new --name NAME --role ROLE" } " makes one."
                },
            }
            table {
                thead { tr { th scope="col" { "What you may do" } th scope="col" { "" span.out-of-sight { "Permitted" } } } }
                tbody {
                    @for (deed, rule) in DEEDS {
                        tr {
                            th scope="row" { (deed) }
                            td { @if caller.may(rule) { (mark(Tone::Good, "yes")) } @else { (mark(Tone::Plain, &format!("needs {}", rule.role_names()))) } }
                        }
                    }
                }
            }
            p.hint { "The store and the warehouse check the token themselves, by their own settings." }
        }
    }
}

/// The names of the tokens that the worker knows, for those who manage it.
fn tokens(tokens: &[(String, String)], caller: &Caller) -> Markup {
    let may_see = caller.may(Rule::Any(&[Role::Admin]));
    html! {
        @if may_see && !tokens.is_empty() {
            section.card {
                h2 { "Tokens that this worker knows" }
                table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Roles" } } }
                    tbody { @for (name, roles) in tokens { tr { th scope="row" { (name) } td { (roles) } } } }
                }
            }
        }
    }
}
