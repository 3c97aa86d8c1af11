//! Charts as inline SVG: no script, no file beside, colours from the page.

mod bars;
mod frame;
mod latencies;
mod lines;
mod over_time;
mod scale;
#[cfg(test)]
mod tests;

use maud::{Markup, html};

use super::chart::Chart;

/// So many colours the page has; more series repeat them, with other dashes.
const COLOURS: usize = 6;

/// A chart with what stands around it.
pub(super) fn figure(chart: &Chart) -> Markup {
    let (title, legend, picture) = match chart {
        Chart::Latencies { title, series } => {
            (title, latencies::legend(series), latencies::picture(title, series))
        }
        Chart::OverTime { title, unit, series } => {
            (title, over_time::legend(unit, series), over_time::picture(title, unit, series))
        }
        Chart::Bars { title, unit, groups } => {
            (title, Vec::new(), bars::picture(title, unit, groups))
        }
    };
    html! {
        figure {
            figcaption { (title) @if let Chart::Bars { unit, .. } = chart { span { ", " (unit) } } }
            @if !legend.is_empty() {
                ul.legend {
                    @for (index, (name, figures)) in legend.iter().enumerate() {
                        li { (swatch(index)) b { (name) } " " span { (figures) } }
                    }
                }
            }
            (picture)
        }
    }
}

/// A bit of the line of a series.
fn swatch(index: usize) -> Markup {
    html! {
        svg.swatch viewBox="0 0 22 10" aria-hidden="true" {
            line.line.(colour(index)) x1="1" y1="5" x2="21" y2="5" {}
        }
    }
}

/// The class of a series.
fn colour(index: usize) -> String {
    let dashed = if (index / COLOURS).is_multiple_of(2) { "" } else { " dashed" };
    format!("c{}{dashed}", index % COLOURS)
}
