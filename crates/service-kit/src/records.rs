//! The records of a service: each resource is registered with all that the service needs to keep it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use diesel_migrations::EmbeddedMigrations;
use program_kit::http::endpoints::Routes;
use program_kit::http::openapi::About;
use program_kit::settings::SettingsError;
use shared_models::side::Side;

use crate::database::Migrations;
use crate::resource::{Resource, Resources};
use crate::routes::{common, feeds};
use crate::sections::{Section, Sections};
use crate::service::Service;

/// The paths of a resource.
type Paths = Box<dyn Fn() -> Routes + Send + Sync>;

/// Adds the data that the handlers of a resource share to its paths.
type Share = Arc<dyn Fn(&Service, Routes) -> Routes + Send + Sync>;

/// Reads the settings of a resource, for the data that its handlers share.
type Configure = Box<dyn Fn(&Sections) -> Result<Share, SettingsError> + Send + Sync>;

/// A resource as a service registers it.
pub struct Registration {
    resource: Arc<dyn Resource>,
    migrations: EmbeddedMigrations,
    paths: Paths,
    /// The name of its section, if it has settings.
    section: Option<&'static str>,
    configure: Configure,
}

impl Registration {
    /// Registers a resource with the migrations of its tables and with its paths.
    pub fn new(
        resource: impl Resource,
        migrations: EmbeddedMigrations,
        paths: impl Fn() -> Routes + Send + Sync + 'static,
    ) -> Self {
        let share: Share = Arc::new(|_, paths| paths);
        let configure = Box::new(move |_: &Sections| Ok(Arc::clone(&share)));
        let (resource, paths) = (Arc::new(resource), Box::new(paths));
        Self { resource, migrations, paths, section: None, configure }
    }

    /// Adds data that its handlers share, made for each HTTP thread. Handlers find it by its type, so
    /// each resource has a type of its own.
    #[must_use]
    pub fn sharing<T: Any>(self, make: impl Fn(&Service) -> T + Send + Sync + 'static) -> Self {
        let share: Share = Arc::new(move |service, paths| paths.sharing(make(service)));
        Self { configure: Box::new(move |_| Ok(Arc::clone(&share))), ..self }
    }

    /// Adds data that its handlers share and that is made from settings, a section of its own; instead of
    /// [`Self::sharing`].
    #[must_use]
    pub fn configured<S: Section, T: Any>(
        self,
        make: impl Fn(&Service, &S) -> T + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let configure = move |sections: &Sections| {
            let (make, settings) = (Arc::clone(&make), sections.read::<S>()?);
            let share =
                move |service: &Service, paths: Routes| paths.sharing(make(service, &settings));
            Ok(Arc::new(share) as Share)
        };
        Self { section: Some(S::NAME), configure: Box::new(configure), ..self }
    }
}

/// The records of a service.
#[derive(Clone)]
pub struct Records {
    /// The side that the service is.
    pub side: Side,
    /// The resources, for the change log, offers and parked changes.
    pub resources: Resources,
    /// The migrations that make the tables, the common ones too.
    pub migrations: Migrations,
    sections: Arc<[&'static str]>,
    http: Arc<[(Paths, Configure)]>,
}

/// The records of a service whose settings are read.
#[derive(Clone)]
pub(crate) struct Configured {
    records: Records,
    shares: Vec<Share>,
}

impl Records {
    /// Creates the records of a side. The first resource is meant where a request names none.
    #[must_use]
    pub fn new(side: Side, first: Registration, others: Vec<Registration>) -> Self {
        let (mut resources, mut migrations, mut http) = (vec![], vec![], vec![]);
        let mut sections = vec![];
        for registration in std::iter::once(first).chain(others) {
            resources.push(registration.resource);
            migrations.push(registration.migrations);
            sections.extend(registration.section);
            http.push((registration.paths, registration.configure));
        }
        Self {
            side,
            resources: Resources::of(resources),
            migrations: Migrations::with(migrations),
            sections: sections.into(),
            http: http.into(),
        }
    }

    /// Returns all paths of the service.
    #[must_use]
    pub fn paths(&self) -> Routes {
        let each = self.http.iter().map(|(paths, _)| paths());
        let all = each.fold(feeds(&self.resources), Routes::and).and(common());
        all.documented(about(self.side))
    }

    /// Reads the settings of all resources. Fails if one is malformed, or is of none of them.
    pub(crate) fn configure(self, sections: &Sections) -> Result<Configured, SettingsError> {
        sections.check_names(&self.sections)?;
        let shares = self.http.iter().map(|(_, configure)| configure(sections));
        Ok(Configured { shares: shares.collect::<Result<_, _>>()?, records: self })
    }
}

impl Configured {
    /// Returns all paths of the service, with the data that the handlers share, for one HTTP thread.
    // Paths are matched one after the other: the common ones are last.
    pub(crate) fn routes(&self, service: &Service) -> Routes {
        let Records { http, resources, .. } = &self.records;
        let each = http.iter().zip(&self.shares).map(|((paths, _), share)| share(service, paths()));
        let all = each.fold(feeds(resources), Routes::and).and(common());
        all.documented(about(self.records.side))
    }
}

/// Returns how the document presents the service of a side.
const fn about(side: Side) -> About {
    match side {
        Side::Store => About {
            title: "Lockstep: the store",
            purpose: "The shop's orders, and posts and comments. Orders are placed here, and edited here and \
                      at the warehouse; both sides come to have the same.",
        },
        Side::Warehouse => About {
            title: "Lockstep: the warehouse",
            purpose: "The orders to pick, pack and ship, which the store has placed; stock readings; sites \
                      and operators.",
        },
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { side, resources, migrations, .. } = self;
        f.debug_struct("Records")
            .field("side", side)
            .field("resources", resources)
            .field("migrations", migrations)
            .finish_non_exhaustive()
    }
}
