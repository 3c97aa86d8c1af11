//! The changes that could not be carried, from both sites: each is asked, and the answers are
//! merged. Shared by the worker's HTTP API and its command line.

pub mod cli;
mod place;
mod settled;

use futures_util::future::join_all;
use program_kit::access::Token;
use serde::Serialize;
use shared_models::parked::{Deed, ParkedChange, Selection, Settled};
use shared_models::site::{Direction, Site};
use uuid::Uuid;

use crate::settings::SitesSettings;
use crate::site_client::{BuildError, PageQuery, Refusal, SiteClient, SitePage};

pub use place::Place;
use settled::merged;

/// A parked change, and the site that keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// The site that published it, and keeps it.
    pub site: Site,
    /// The direction in which it could not be carried.
    pub direction: &'static str,
    /// The change.
    #[serde(flatten)]
    pub change: ParkedChange,
}

impl Kept {
    fn at(site: Site, change: ParkedChange) -> Self {
        Self { site, direction: Direction { from: site }.as_str(), change }
    }
}

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The state of the changes; the sites check it.
    pub state: Option<String>,
    /// The largest number on a page.
    pub limit: Option<String>,
    /// The site that keeps them; both if `None`.
    pub site: Option<Site>,
}

/// A page of one site's parked changes.
#[derive(Clone, Debug)]
pub struct Page {
    /// The changes on the page.
    pub items: Vec<Kept>,
    /// The start of the next page; `None` on the last.
    pub next: Option<Place>,
}

/// The parked changes of both sites.
#[derive(Clone)]
pub struct Parked {
    clients: [(Site, SiteClient); 2],
}

impl Parked {
    /// Builds the clients of the sites in the settings.
    pub fn new(settings: &SitesSettings) -> Result<Self, BuildError> {
        let client = |site| Ok::<_, BuildError>((site, SiteClient::new(site, settings)?));
        Ok(Self { clients: [client(Site::Store)?, client(Site::Warehouse)?] })
    }

    /// Returns the same for another caller, with the caller's token and permissions.
    #[must_use]
    pub fn on_behalf_of(&self, token: Option<&Token>) -> Self {
        let clients = self.clients.each_ref();
        Self { clients: clients.map(|(site, client)| (*site, client.on_behalf_of(token))) }
    }

    /// Returns the page that starts at `place`. A page is from one site; a site without any is
    /// skipped.
    pub async fn page(&self, wanted: &Wanted, mut place: Place) -> Result<Page, Refusal> {
        loop {
            let query = PageQuery {
                state: wanted.state.as_deref(),
                limit: wanted.limit.as_deref(),
                cursor: place.cursor.as_deref(),
            };
            let SitePage { items, next } = self.client(place.site).parked_page(query).await?;
            let next = place.next(next.as_deref(), wanted.site);
            match next {
                Some(next) if items.is_empty() && next.site != place.site => place = next,
                next => {
                    let items = items.into_iter().map(|change| Kept::at(place.site, change));
                    return Ok(Page { items: items.collect(), next });
                }
            }
        }
    }

    /// Returns the parked change with this id, if there is one.
    pub async fn change(&self, id: Uuid) -> Result<Option<Kept>, Refusal> {
        let asked = self.clients.iter().map(async |(site, client)| {
            Ok(client.parked_change(id).await?.map(|change| Kept::at(*site, change)))
        });
        let (mut unanswered, answers) = (None, join_all(asked).await);
        for answer in answers {
            match answer {
                Ok(Some(kept)) => return Ok(Some(kept)),
                Ok(None) => {}
                Err(refusal) => unanswered = Some(refusal),
            }
        }
        unanswered.map_or(Ok(None), Err)
    }

    /// Replays or drops the selected changes. If one site cannot be asked, the other has done it
    /// all the same: repeating it does no harm.
    pub async fn settle(
        &self,
        deed: Deed,
        selection: &Selection,
        site: Option<Site>,
    ) -> Result<Settled, Refusal> {
        let meant = self.clients.iter().filter(|(at, _)| site.is_none_or(|site| site == *at));
        let answers = join_all(meant.map(|(_, client)| client.settle(deed, selection))).await;
        Ok(merged(answers.into_iter().collect::<Result<_, _>>()?))
    }

    fn client(&self, site: Site) -> &SiteClient {
        let [(_, store), (_, warehouse)] = &self.clients;
        match site {
            Site::Store => store,
            Site::Warehouse => warehouse,
        }
    }
}
