//! How much of each: bars that lie, so that names have room.

use maud::{Markup, html};

use super::frame::{WIDTH, at, text};
use super::scale::Scale;
use super::{COLOURS, colour};
use crate::report::figures::brief;

/// Where names end, and where bars begin and end at the most; behind them is room for a figure.
const NAMES: f64 = 170.0;
const BARS: (f64, f64) = (178.0, 405.0);
/// A name that is longer is cut.
const LETTERS: usize = 20;
/// From one line to the next, how thick a bar is, and the space between groups.
const LINE: f64 = 24.0;
const BAR: f64 = 16.0;
const SPACE: f64 = 10.0;

/// A name and its bars, each a name and how much.
type Group = (String, Vec<(String, f64)>);

/// A line of the chart: its upper end, and what stands there.
enum Line<'a> {
    Heading(&'a str),
    Bar { name: &'a str, value: f64, colour: usize },
}

pub(super) fn picture(title: &str, unit: &str, groups: &[Group]) -> Markup {
    let values = groups.iter().flat_map(|(_, bars)| bars).map(|(_, value)| *value);
    let scale = Scale::from_zero(values, BARS);
    let (lines, height) = lines(groups);
    html! {
        svg role="img" aria-label=(title) viewBox={ "0 0 " (WIDTH) " " (height) } {
            @for (top, line) in &lines {
                @match line {
                    Line::Heading(heading) => g.heading { (text((0.0, top + 16.0), heading)) },
                    Line::Bar { name, value, colour } => {
                        (bar(*top, name, *value, *colour, unit, &scale))
                    },
                }
            }
        }
    }
}

/// From above to below, and how high that is.
fn lines(groups: &[Group]) -> (Vec<(f64, Line<'_>)>, f64) {
    let colours = colours(groups);
    let (mut lines, mut top) = (Vec::new(), 0.0);
    for (heading, bars) in groups {
        if !heading.is_empty() {
            lines.push((top, Line::Heading(heading)));
            top += LINE;
        }
        for (name, value) in bars {
            let colour = colours.iter().position(|known| *known == name).unwrap_or(0) % COLOURS;
            lines.push((top, Line::Bar { name, value: *value, colour }));
            top += LINE;
        }
        top += SPACE;
    }
    (lines, top.max(LINE))
}

/// The same name has the same colour in each group.
fn colours(groups: &[Group]) -> Vec<&String> {
    let mut names = Vec::new();
    for (name, _) in groups.iter().flat_map(|(_, bars)| bars) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn bar(top: f64, name: &str, value: f64, index: usize, unit: &str, scale: &Scale) -> Markup {
    let end = scale.place(value).unwrap_or(BARS.0);
    html! {
        g.(colour(index)) {
            title { (name) ": " (brief(value)) " " (unit) }
            g.up { (text((NAMES, top + 16.0), &cut(name))) }
            rect.bar x=(at(BARS.0)) y=(at(top + 4.0)) width=(at(end - BARS.0)) height=(at(BAR))
                rx="2" {}
            (text((end + 6.0, top + 16.0), &brief(value)))
        }
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}
