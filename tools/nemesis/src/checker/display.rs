//! A case as text: all that is known of an order.

use std::fmt;

use shared_models::order::{Delivery, Facet, Progress};
use shared_models::side::Side;

use super::case::{Case, Change, SetBack, short};
use crate::ledger::Read;

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "order {}\n\nwrites", self.id)?;
        for write in &self.writes {
            let (at, outcome) = (write.at.as_secs_f64(), &write.outcome);
            writeln!(f, "  {at:8.3} s  {}  {:?}  ->  {outcome:?}", write.side, write.wanted)?;
        }
        writeln!(f, "\nreads")?;
        for Read { at, side, seen, .. } in &self.reads {
            writeln!(f, "  {:8.3} s  {side}  ->  {seen:?}", at.as_secs_f64())?;
        }
        for side in Side::ALL {
            writeln!(f, "\n{side}")?;
            let evidence = self.sides.at(side);
            for change in &evidence.changes {
                change.fmt(f)?;
            }
            for SetBack { turn, after, to, known } in &evidence.set_backs {
                writeln!(f, "  put back ({turn}) after {after} to {to:?}")?;
                writeln!(f, "      the peer had {known:?}")?;
            }
            writeln!(f, "  {:?}", evidence.row)?;
            writeln!(f, "  its feed gave {:?}", evidence.followed.events)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, xid, version, origin, published, event, .. } = self;
        let published = if *published { ", published" } else { "" };
        writeln!(
            f,
            "  {seq} ({xid})  v{version}  {}  {} by {origin}{published}",
            event.at, event.kind
        )?;
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
