//! All that is known of an order, for whoever looks into it.

use std::fmt;

use shared_models::order::{Delivery, Facet, Progress};
use shared_models::site::Site;

use super::case::{Case, Change, SetBack, short};
use crate::nemesis::ledger::Read;

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "order {}\n\nwrites", self.id)?;
        for write in &self.writes {
            let (at, outcome) = (write.at.as_secs_f64(), &write.outcome);
            writeln!(f, "  {at:8.3} s  {}  {:?}  ->  {outcome:?}", write.site, write.wanted)?;
        }
        writeln!(f, "\nreads")?;
        for Read { at, site, seen, .. } in &self.reads {
            writeln!(f, "  {:8.3} s  {site}  ->  {seen:?}", at.as_secs_f64())?;
        }
        for site in Site::ALL {
            writeln!(f, "\n{site}")?;
            let side = self.sides.at(site);
            for change in &side.changes {
                change.fmt(f)?;
            }
            for SetBack { turn, after, to, known } in &side.set_backs {
                writeln!(f, "  put back ({turn}) after {after} to {to:?}")?;
                writeln!(f, "      the peer had {known:?}")?;
            }
            writeln!(f, "  {:?}", self.sides.at(site).row)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, version, origin, published, event, .. } = self;
        let published = if *published { ", published" } else { "" };
        writeln!(f, "  {seq}  v{version}  {}  {} by {origin}{published}", event.at, event.kind)?;
        let Facet { revision, value: Delivery { comment, lines, .. }, .. } = &event.shared.delivery;
        let lines: Vec<_> = lines.iter().map(|line| (&line.sku, line.quantity)).collect();
        write!(f, "      event {}  delivery {} {comment:?} {lines:?}", event.id, short(*revision))?;
        let Facet { revision, value: Progress { status, tracking, .. }, .. } =
            &event.shared.progress;
        writeln!(f, "  progress {} {status} {tracking:?}", short(*revision))?;
        match &self.conflicts {
            Some(conflicts) => writeln!(f, "      {conflicts:?}"),
            None => Ok(()),
        }
    }
}
