//! The check of what was written in a round, or in all, against both databases.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use process_kit::Both;
use shared_models::side::Side;
use tokio::time::sleep;
use uuid::Uuid;

use super::Run;
use crate::checker::case::{Case, cases};
use crate::checker::{check, followed};
use crate::databases::Which;
use crate::load::with;
use crate::violation::{Rule, Violation};

/// The longest that a follower may be behind when all is quiet.
const FOLLOWED: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

impl Run {
    pub(super) async fn check(&mut self, which: Which) -> Result<()> {
        self.show("checking").await;
        let (began, mut cases) = (Instant::now(), self.cases(&which).await?);
        while cases.iter().any(Case::is_behind) && began.elapsed() < FOLLOWED {
            sleep(PAUSE).await;
            cases = self.cases(&which).await?;
        }
        self.report.orders = self.report.orders.max(cases.len());
        for case in &cases {
            let violations = [check(case), followed::check(case)].concat();
            if !violations.is_empty() {
                self.keep(case)?;
            }
            for violation in violations {
                self.violated(violation);
            }
        }
        let reads = with(&self.ledger, |ledger| std::mem::take(&mut ledger.violations));
        let followers = Side::ALL.into_iter().flat_map(|side| self.followers.at(side).take_wrong());
        let refused = followers.map(|why| Violation::of_all(Rule::Followed, why));
        for violation in reads.into_iter().chain(refused.collect::<Vec<_>>()) {
            self.violated(violation);
        }
        Ok(())
    }

    /// What the clients, the followers and the databases have of these orders.
    async fn cases(&self, which: &Which) -> Result<Vec<Case>> {
        let wanted = |order: &Uuid| match which {
            Which::All => true,
            Which::These(ids) => ids.binary_search(order).is_ok(),
        };
        // First what was followed: the log has all of it.
        let given = Both::of(|side| self.followers.at(side).orders(wanted));
        let [store, warehouse] = Side::ALL.map(|side| self.world.databases.history(side, which));
        let (store, warehouse) = tokio::try_join!(store, warehouse)?;
        Ok(with(&self.ledger, |ledger| {
            let writes = ledger.writes().iter().filter(|write| wanted(&write.order));
            let reads = ledger.reads().iter().filter(|read| wanted(&read.order));
            cases(writes, reads, ledger.set_backs(), Both { store, warehouse }, given)
        }))
    }

    /// Keeps all that is known of an order, for whoever looks into it.
    fn keep(&self, case: &Case) -> Result<()> {
        let folder = self.world.folder.join("orders");
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(format!("{}.txt", case.id)), case.to_string())?)
    }
}
