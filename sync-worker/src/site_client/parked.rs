//! What a site is told, and asked, of its changes that could not be carried.

use shared_models::SCHEMA;
use shared_models::parked::{ParkedReport, ReportedChange};

use super::SiteClient;
use super::reply::{Reply, send};
use crate::carrying::answer::answered;

impl SiteClient {
    /// Tells the site which of its changes could not be carried; else the reason why it does not
    /// take that.
    pub async fn report(&self, changes: Vec<ReportedChange>) -> Result<(), String> {
        if changes.is_empty() {
            return Ok(());
        }
        let report = ParkedReport { schema: SCHEMA, changes };
        let request = self.http.post(self.parked.clone()).timeout(self.report_timeout);
        match send(request.json(&report)).await? {
            Reply { status: 200, .. } => Ok(()),
            Reply { status, body, .. } => Err(answered(status, &body)),
        }
    }
}
