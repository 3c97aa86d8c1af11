//! The overview: the flow as it is, one sentence on top, and what the rules decide.

mod chart;
mod flow;
mod sentence;
mod view;

use maud::{Markup, html};

use super::parts::time;
use super::session::Visitor;

pub(crate) use view::{Origin, View};

/// The parts of the page that change, each with the name by which the script finds its place.
pub(crate) fn live_parts(view: &View, visitor: &Visitor) -> [(&'static str, Markup); 3] {
    [
        ("sentence", sentence(view)),
        ("flow", flow::flow(view, visitor)),
        ("decisions", flow::decisions(view)),
    ]
}

/// The content of the page.
pub(crate) fn content(view: &View, visitor: &Visitor) -> Markup {
    html! {
        h1.out-of-sight { "Overview" }
        div #live data-live="/live" {
            @for (name, part) in live_parts(view, visitor) {
                div data-part=(name) { (part) }
            }
        }
        p #announce .out-of-sight role="status" {}
        p.liveness data-liveness="" role="status" {
            "Figures of " (time(view.at)) "."
            noscript { " They do not change by themselves without JavaScript; load the page again." }
        }
    }
}

fn sentence(view: &View) -> Markup {
    let sentence = sentence::sentence(view);
    html! { p.sentence.(sentence.tone.class()) { (sentence.html()) } }
}
