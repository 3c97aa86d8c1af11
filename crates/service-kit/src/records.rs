//! The records of a service: each resource is registered with all that the service needs to keep it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use diesel_migrations::EmbeddedMigrations;
use program_kit::http::endpoints::Routes;
use shared_models::side::Side;

use crate::database::Migrations;
use crate::resource::{Resource, Resources};
use crate::routes::{common, feeds};
use crate::service::Service;

/// The paths of a resource.
type Paths = Box<dyn Fn() -> Routes + Send + Sync>;

/// Adds the data that the handlers of a resource share to its paths.
type Share = Box<dyn Fn(&Service, Routes) -> Routes + Send + Sync>;

/// A resource as a service registers it.
pub struct Registration {
    resource: Arc<dyn Resource>,
    migrations: EmbeddedMigrations,
    paths: Paths,
    share: Share,
}

impl Registration {
    /// Registers a resource with the migrations of its tables and with its paths.
    pub fn new(
        resource: impl Resource,
        migrations: EmbeddedMigrations,
        paths: impl Fn() -> Routes + Send + Sync + 'static,
    ) -> Self {
        let (paths, share) = (Box::new(paths), Box::new(|_: &Service, paths| paths));
        Self { resource: Arc::new(resource), migrations, paths, share }
    }

    /// Adds data that its handlers share, made for each HTTP thread. Handlers find it by its type, so
    /// each resource has a type of its own.
    #[must_use]
    pub fn sharing<T: Any>(self, make: impl Fn(&Service) -> T + Send + Sync + 'static) -> Self {
        let share = move |service: &Service, paths: Routes| paths.sharing(make(service));
        Self { share: Box::new(share), ..self }
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
    http: Arc<[(Paths, Share)]>,
}

impl Records {
    /// Creates the records of a side. The first resource is meant where a request names none.
    #[must_use]
    pub fn new(side: Side, first: Registration, others: Vec<Registration>) -> Self {
        let (mut resources, mut migrations, mut http) = (vec![], vec![], vec![]);
        for registration in std::iter::once(first).chain(others) {
            resources.push(registration.resource);
            migrations.push(registration.migrations);
            http.push((registration.paths, registration.share));
        }
        Self {
            side,
            resources: Resources::of(resources),
            migrations: Migrations::with(migrations),
            http: http.into(),
        }
    }

    /// Returns all paths of the service.
    #[must_use]
    pub fn paths(&self) -> Routes {
        let each = self.http.iter().map(|(paths, _)| paths());
        each.fold(feeds(&self.resources), Routes::and).and(common())
    }

    /// Returns all paths of the service, with the data that the handlers share, for one HTTP thread.
    // Paths are matched one after the other: the common ones are last.
    pub(crate) fn routes(&self, service: &Service) -> Routes {
        let each = self.http.iter().map(|(paths, share)| share(service, paths()));
        each.fold(feeds(&self.resources), Routes::and).and(common())
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
