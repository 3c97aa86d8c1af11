//! What stands around every chart with two axes.

use maud::{Markup, html};

/// How large a chart is, in its own units; the page makes it as wide as there is room.
pub(super) const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 270.0;
/// Where the lines are drawn: from left to right, and from the bottom to the top.
pub(super) const ACROSS: (f64, f64) = (70.0, 444.0);
pub(super) const UP: (f64, f64) = (228.0, 14.0);
/// From the axis to the middle of what is written at it.
const BELOW: f64 = 18.0;
const BESIDE: f64 = 8.0;

/// A value that is named at an axis, and where.
pub(super) type Tick = (String, f64);

/// A chart with its axes: what is named across and up, and what the first is.
pub(super) fn frame(title: &str, across: &[Tick], up: &[Tick], is: &str, lines: &Markup) -> Markup {
    html! {
        svg role="img" aria-label=(title) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
            g.grid {
                @for (_, y) in up { (line((ACROSS.0, *y), (ACROSS.1, *y))) }
                @for (_, x) in across { (line((*x, UP.0), (*x, UP.1))) }
            }
            (line((ACROSS.0, UP.0), (ACROSS.1, UP.0)))
            g.up { @for (label, y) in up { (text((ACROSS.0 - BESIDE, y + 4.5), label)) } }
            g.across {
                @for (label, x) in across { (text((*x, UP.0 + BELOW), label)) }
                (text((f64::midpoint(ACROSS.0, ACROSS.1), HEIGHT - 6.0), is))
            }
            (lines)
        }
    }
}

fn line(from: (f64, f64), to: (f64, f64)) -> Markup {
    html! { line.axis x1=(at(from.0)) y1=(at(from.1)) x2=(at(to.0)) y2=(at(to.1)) {} }
}

pub(super) fn text((x, y): (f64, f64), text: &str) -> Markup {
    html! { text x=(at(x)) y=(at(y)) { (text) } }
}

/// A coordinate, no finer than can be seen.
pub(super) fn at(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}
