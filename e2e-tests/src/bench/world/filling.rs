//! Many orders at once, written as Lockstep would have written them.

use anyhow::Result;
use shared_models::site::{Direction, Site};

use super::World;
use super::template::{Template, Waiting};

impl World {
    /// What Lockstep writes; taken once.
    async fn template(&mut self) -> Result<Template> {
        if let Some(template) = &self.template {
            return Ok(template.clone());
        }
        let template = Template::take(self).await?;
        self.template = Some(template.clone());
        Ok(template)
    }

    /// Instead of all that is there: so many orders, with a change of each that is yet to be told in
    /// a direction. From the store, that they were placed; from the warehouse, that they are picked.
    /// Neither site publishes meanwhile.
    pub async fn fill(&mut self, direction: Direction, orders: u64) -> Result<()> {
        let Template { placed, arrived, picked } = self.template().await?;
        self.stand_still().await?;
        self.clear().await?;
        let [store, warehouse] = [&self.databases.store, &self.databases.warehouse];
        store.run(&placed.orders(orders)).await?;
        match direction.from {
            Site::Store => store.run(&placed.changes(orders, Waiting::ToBeTold)).await?,
            Site::Warehouse => {
                store.run(&placed.changes(orders, Waiting::Known)).await?;
                warehouse.run(&arrived.orders(orders)).await?;
                warehouse.run(&arrived.changes(orders, Waiting::Known)).await?;
                warehouse.run(&picked.progress()).await?;
                warehouse.run(&picked.changes(orders, Waiting::ToBeTold)).await?;
            }
        }
        self.settle().await
    }

    /// Instead of all that is there: so many orders, which both sites know.
    pub async fn fill_both(&mut self, orders: u64) -> Result<()> {
        let Template { placed, arrived, .. } = self.template().await?;
        self.stand_still().await?;
        self.clear().await?;
        for (site, written) in [(Site::Store, placed), (Site::Warehouse, arrived)] {
            let database = self.databases.at(site);
            database.run(&written.orders(orders)).await?;
            database.run(&written.changes(orders, Waiting::Known)).await?;
        }
        self.settle().await
    }

    /// What PostgreSQL would do some time after so much was written, it does now.
    async fn settle(&self) -> Result<()> {
        for site in Site::ALL {
            self.databases.at(site).run("vacuum (analyze) orders, changes, outbox").await?;
        }
        self.databases.store.run("checkpoint").await
    }
}
