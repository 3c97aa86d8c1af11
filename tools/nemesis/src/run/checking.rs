//! The check of what was written in a round, or in all, against both databases.

use std::fs;

use anyhow::Result;
use process_kit::Both;
use shared_models::side::Side;
use uuid::Uuid;

use super::Run;
use crate::checker::case::{Case, cases};
use crate::checker::check;
use crate::databases::Which;
use crate::load::with;

impl Run {
    pub(super) async fn check(&mut self, which: Which) -> Result<()> {
        self.show("checking").await;
        let [store, warehouse] = Side::ALL.map(|side| self.world.databases.history(side, &which));
        let (store, warehouse) = tokio::try_join!(store, warehouse)?;
        let wanted = |order: &Uuid| match &which {
            Which::All => true,
            Which::These(ids) => ids.binary_search(order).is_ok(),
        };
        let cases = with(&self.ledger, |ledger| {
            let writes = ledger.writes().iter().filter(|write| wanted(&write.order));
            let reads = ledger.reads().iter().filter(|read| wanted(&read.order));
            cases(writes, reads, ledger.set_backs(), Both { store, warehouse })
        });
        self.report.orders = self.report.orders.max(cases.len());
        for case in &cases {
            let violations = check(case);
            if !violations.is_empty() {
                self.keep(case)?;
            }
            for violation in violations {
                self.violated(violation);
            }
        }
        let reads = with(&self.ledger, |ledger| std::mem::take(&mut ledger.violations));
        for violation in reads {
            self.violated(violation);
        }
        Ok(())
    }

    /// Keeps all that is known of an order, for whoever looks into it.
    fn keep(&self, case: &Case) -> Result<()> {
        let folder = self.world.folder.join("orders");
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(format!("{}.txt", case.id)), case.to_string())?)
    }
}
