//! The console: pages for people, served by the worker.
//!
//! What a person does here is done with the person's own token, at this worker and at both sides: the
//! worker lends its own to nobody, and the principal stands with each change. docs/console.md says
//! what each page is for.

mod agreement;
mod assets;
mod guard;
mod live;
mod login;
mod orders;
mod overview;
mod page;
mod parked;
mod parts;
mod readings;
mod session;
mod settings;
mod sources;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use maud::html;
use program_kit::access::{Access, Rule};
use program_kit::http::endpoints::Routes;
use shared_models::side::{Direction, Side};
use tokio_util::sync::CancellationToken;

use crate::audit::Audits;
use crate::figures::Figures;
use crate::settings::WorkerSettings;
use crate::side_client::{BuildError, RelayCommand, SideClient};
use crate::sources::all::Sources;

use guard::{Known, Posted};
use live::Live;
use page::{Section, page};
use session::Sessions;

/// The console of a worker.
#[derive(Clone)]
pub struct Console {
    live: Data<Live>,
    sessions: Data<Sessions>,
    sides: Data<Sides>,
    sources: Data<Sources>,
    audits: Data<Audits>,
    bulk: Data<parked::Bulk>,
    settings: Data<settings::Shown>,
}

/// The clients of the two sides, without a token.
pub(crate) struct Sides([SideClient; 2]);

impl Sides {
    /// Returns the client of a side, with the token of the person for whom it asks.
    pub(crate) fn of(&self, side: Side, known: &Known) -> SideClient {
        let [store, warehouse] = &self.0;
        let client = match side {
            Side::Store => store,
            Side::Warehouse => warehouse,
        };
        client.on_behalf_of(known.0.token.as_ref())
    }
}

/// The error of a console that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// A client of a side cannot be built.
    #[error("{0}")]
    Client(#[from] BuildError),
    /// The system gives no random numbers.
    #[error("no secret can be made for the console: {0}")]
    NoSecret(String),
}

impl Console {
    /// Builds the console of a worker with these settings and figures.
    pub fn new(
        settings: &WorkerSettings,
        access: &Access,
        figures: [Arc<Figures>; 2],
        (sources, audits): (Sources, Audits),
        stopping: &CancellationToken,
    ) -> Result<Self, ConsoleError> {
        let of_settings = settings.sides();
        let clients = || {
            let client = |side| SideClient::new(side, &of_settings);
            Ok::<_, BuildError>([client(Side::Store)?, client(Side::Warehouse)?])
        };
        let origin = overview::Origin {
            figures,
            sides: clients()?,
            audits: audits.clone(),
            compare_interval: settings.compare.interval,
        };
        let sessions = Sessions::new(access.clone()).map_err(ConsoleError::NoSecret)?;
        Ok(Self {
            live: Data::new(Live::new(origin, stopping.clone())),
            sessions: Data::new(sessions),
            sides: Data::new(Sides(clients()?)),
            sources: Data::new(sources),
            audits: Data::new(audits),
            bulk: Data::new(parked::Bulk::new(stopping.clone())),
            settings: Data::new(settings::Shown::of(settings)),
        })
    }

    /// Reads the figures for the browsers that follow, until the worker stops.
    pub async fn run(self) {
        self.live.run().await;
    }

    /// Returns the routes.
    #[must_use]
    pub fn routes(&self) -> Routes {
        paths()
            .sharing(self.live.clone())
            .sharing(self.sessions.clone())
            .sharing(self.sides.clone())
            .sharing(self.sources.clone())
            .sharing(self.audits.clone())
            .sharing(self.bulk.clone())
            .sharing(self.settings.clone())
    }
}

/// The paths of the pages, of what their forms post to, and of their parts, without the data that the
/// handlers share.
#[must_use]
pub fn paths() -> Routes {
    let get = || web::to(overview_page);
    Routes::default()
        .with(assets::route())
        .with(guard::public("/login", || web::to(login::ask), web::to(login::begin)))
        .with(guard::action("/logout", Rule::Public, web::to(login::end)))
        .with(guard::page("/", Rule::READ, get))
        .with(guard::stream("/live", Rule::READ, web::to(live::follow)))
        .with(guard::action("/directions/{name}/{action}", Rule::ADMIN, web::to(pause)))
        .and(orders::routes())
        .and(parked::routes())
        .and(agreement::routes())
        .and(sources::routes())
        .and(readings::routes())
        .and(settings::routes())
}

async fn overview_page(live: Data<Live>, known: Known) -> HttpResponse {
    let view = live.origin.view().await;
    let content = overview::content(&view, &known.0);
    page(&known.0, Section::Overview, "Overview", &content)
}

/// `POST /directions/{name}/{action}`: pauses or resumes a direction at its source.
async fn pause(
    sides: Data<Sides>,
    known: Known,
    path: Path<(String, String)>,
    _posted: Posted,
) -> HttpResponse {
    let (name, action) = path.into_inner();
    let direction = Direction::ALL.into_iter().find(|direction| direction.as_str() == name);
    let command = match action.as_str() {
        "pause" => Some(RelayCommand::Pause),
        "resume" => Some(RelayCommand::Resume),
        _ => None,
    };
    let Some((direction, command)) = direction.zip(command) else {
        return HttpResponse::NotFound().finish();
    };
    match sides.of(direction.from, &known).relay(command).await {
        Ok(_) => login::see("/"),
        Err(error) => {
            let content = html! {
                h1 { "Not done" }
                (parts::message(parts::Tone::Bad, &html! { (error) }))
                p { a href="/" { "Back to the overview" } }
            };
            page(&known.0, Section::Overview, "Not done", &content)
        }
    }
}
