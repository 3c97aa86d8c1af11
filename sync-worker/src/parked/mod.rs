//! What could not be carried, wherever it is kept: both sites are asked, and their answers are one.
//! The worker's own HTTP and its command line show what stands here.

pub mod cli;
mod place;
mod settled;

use futures_util::future::join_all;
use serde::Serialize;
use service_kit::access::Token;
use shared_models::parked::{Deed, ParkedChange, Selection, Settled};
use shared_models::site::{Direction, Site};
use uuid::Uuid;

use crate::settings::SitesSettings;
use crate::site_client::{BuildError, PageQuery, Refusal, SiteClient, SitePage};

pub use place::Place;
use settled::merged;

/// A parked change, and where it is kept.
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

/// What is wanted of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What became of them; the sites know which there are.
    pub state: Option<String>,
    /// How many on a page, at the most.
    pub limit: Option<String>,
    /// Kept there; at both sites, where none is named.
    pub site: Option<Site>,
}

/// A page, of one site's.
#[derive(Clone, Debug)]
pub struct Page {
    /// What is on it.
    pub items: Vec<Kept>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<Place>,
}

/// What both sites keep.
#[derive(Clone)]
pub struct Parked {
    clients: [(Site, SiteClient); 2],
}

impl Parked {
    /// Of the sites that the settings name.
    pub fn new(settings: &SitesSettings) -> Result<Self, BuildError> {
        let client = |site| Ok::<_, BuildError>((site, SiteClient::new(site, settings)?));
        Ok(Self { clients: [client(Site::Store)?, client(Site::Warehouse)?] })
    }

    /// The same for somebody else, who may do at the sites what they may do.
    #[must_use]
    pub fn on_behalf_of(&self, token: Option<&Token>) -> Self {
        let clients = self.clients.each_ref();
        Self { clients: clients.map(|(site, client)| (*site, client.on_behalf_of(token))) }
    }

    /// The page that begins there. It is of one site; one that has nothing is passed over.
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

    /// One of them, if there is one of that id.
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

    /// Has something done with some of them. Where one site cannot be asked, it is done at the
    /// other all the same: to repeat it does no harm.
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
