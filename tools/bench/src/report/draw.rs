//! Charts: lines as inline SVG, bars as HTML. They need no script, no font and no other file.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::chart::{Chart, Quantiles};
use super::figures::{self, brief, compact, latency};
use crate::measure::Spread;

/// The size in pixels; the page makes a chart as wide as there is room.
const SIZE: (u32, u32) = (960, 540);
/// Colours that are seen on a light and on a dark background; more series repeat them.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x3d, 0x8b, 0xd4),
    RGBColor(0xd9, 0x73, 0x2b),
    RGBColor(0x2f, 0x9e, 0x75),
    RGBColor(0xb8, 0x62, 0xab),
    RGBColor(0xb5, 0x8d, 0x14),
    RGBColor(0x4b, 0xa3, 0xb9),
];
const AXIS: RGBColor = RGBColor(0x80, 0x88, 0x92);
/// The quantiles at 1, 10, 100 and so on: one of so many is as slow.
const NAMED: [&str; 6] = ["p0", "p90", "p99", "p99.9", "p99.99", "p99.999"];
const RAREST: f64 = 1e5;
/// Values outside of this were not measured but miscounted.
const MEASURABLE: Range<f64> = 1e-9..1e15;

/// The points of a line.
type Points = Vec<(f64, f64)>;
type Drawn = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A chart with its title and legend.
pub(super) fn figure(chart: &Chart) -> Markup {
    let (title, unit, legend, picture) = match chart {
        Chart::Latencies { title, series } => {
            let legend = series.iter().map(|(name, of)| (name.as_str(), percentiles(of)));
            let draw = |area: &Area<'_>| draw_latencies(area, series);
            (title, "", legend.collect(), svg(title, draw))
        }
        Chart::OverTime { title, unit, series } => {
            let legend =
                series.iter().map(|(name, of)| (name.as_str(), median_and_highest(of, unit)));
            let draw = |area: &Area<'_>| draw_over_time(area, unit, series);
            (title, "", legend.collect(), svg(title, draw))
        }
        Chart::Bars { title, unit, groups } => (title, *unit, Vec::new(), bars(groups)),
    };
    html! {
        figure {
            figcaption { (title) @if !unit.is_empty() { span { ", " (unit) } } }
            @if !legend.is_empty() {
                ul.legend {
                    @for (index, (name, figures)) in legend.iter().enumerate() {
                        li { i style=(background(index)) {} b { (name) } " " span { (figures) } }
                    }
                }
            }
            (picture)
        }
    }
}

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

fn background(index: usize) -> String {
    let RGBColor(red, green, blue) = colour(index);
    format!("background:rgb({red},{green},{blue})")
}

fn svg(title: &str, draw: impl Fn(&Area<'_>) -> Drawn) -> Markup {
    let mut text = String::new();
    let drawn = draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area());
    html! {
        @match drawn {
            Ok(()) => div.plot role="img" aria-label=(title) { (PreEscaped(text)) },
            Err(error) => p { (error) },
        }
    }
}

/// Latencies by how rare they are: each step to the right is ten times rarer.
fn draw_latencies(area: &Area<'_>, series: &[(String, Quantiles)]) -> Drawn {
    let place = |(quantile, latency): &(f64, f64)| ((1.0 / (1.0 - quantile)).min(RAREST), *latency);
    let lines = series.iter().map(|(_, of)| of.points.iter().map(place).collect());
    let lines = lines.collect::<Vec<Points>>();
    let rarest = last(&lines, |(rarity, _)| rarity).clamp(10.0, RAREST);
    let measured = lines.iter().flatten().map(|(_, latency)| *latency);
    let measured = measured.filter(|latency| MEASURABLE.contains(latency));
    let [from, to] = [f64::min, f64::max].map(|end| measured.clone().reduce(end).unwrap_or(1.0));
    let (from, to) = (from.log10().floor(), to.log10().ceil());
    let up = 10_f64.powf(from)..10_f64.powf(to.max(from + 1.0));
    let axes = Axes { across: (1.0..rarest).log_scale(), up: up.log_scale(), name: "percentile" };
    let name = |rarity: &f64| {
        let named = (0..).zip(NAMED).find(|(nines, _)| 10_f64.powi(*nines) >= rarity * 0.99);
        named.map_or(String::new(), |(_, name)| name.to_owned())
    };
    axes.draw(area, &lines, &name, &|micros| latency(*micros))
}

/// A course, second by second.
fn draw_over_time(area: &Area<'_>, unit: &str, series: &[(String, Points)]) -> Drawn {
    let lines = series.iter().map(|(_, points)| points.clone()).collect::<Vec<Points>>();
    let to = |last: f64| if last > 0.0 { last } else { 1.0 };
    let across = 0.0..to(last(&lines, |(second, _)| second));
    let up = 0.0..1.05 * to(last(&lines, |(_, value)| value));
    let axes = Axes { across, up, name: &format!("{unit} over time") };
    axes.draw(area, &lines, &|second| compact(*second) + " s", &|value| compact(*value))
}

/// The largest coordinate of all points that is measurable, or 0.
fn last(lines: &[Points], of: impl Fn((f64, f64)) -> f64) -> f64 {
    let values = lines.iter().flatten().map(|point| of(*point));
    values.filter(|value| MEASURABLE.contains(value)).fold(0.0, f64::max)
}

/// The axes of a chart with lines, and the name of the first.
struct Axes<'a, X, Y> {
    across: X,
    up: Y,
    name: &'a str,
}

impl<X, Y> Axes<'_, X, Y>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    fn draw(
        self,
        area: &Area<'_>,
        lines: &[Points],
        name_across: &dyn Fn(&f64) -> String,
        name_up: &dyn Fn(&f64) -> String,
    ) -> Drawn {
        let mut chart = ChartBuilder::on(area)
            .margin(20)
            .margin_right(60)
            .x_label_area_size(90)
            .y_label_area_size(120)
            .build_cartesian_2d(self.across, self.up)?;
        let text = ("sans-serif", 32).into_font().color(&AXIS);
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(AXIS.mix(0.3))
            .axis_style(AXIS)
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_labels(6)
            .y_labels(10)
            .x_label_formatter(name_across)
            .y_label_formatter(name_up)
            .x_desc(self.name)
            .draw()?;
        for (index, points) in lines.iter().enumerate() {
            let [across, up] = [chart.x_range(), chart.y_range()];
            let drawable = |(x, y): &(f64, f64)| {
                (across.start..=across.end).contains(x) && (up.start..=up.end).contains(y)
            };
            for points in points.split(|point| !drawable(point)) {
                let style = colour(index).stroke_width(4);
                // A line of one point would not be seen.
                let dot = if points.len() == 1 { 5 } else { 0 };
                chart
                    .draw_series(LineSeries::new(points.iter().copied(), style).point_size(dot))?;
            }
        }
        Ok(area.present()?)
    }
}

fn percentiles(quantiles: &Quantiles) -> String {
    let told = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)].map(|(name, quantile)| {
        let told = quantiles.at(quantile).map(latency)?;
        Some(format!("{name} {told}"))
    });
    let last = quantiles.points.last();
    let highest = last.map(|(_, highest)| format!("max {}", latency(*highest)));
    told.into_iter().flatten().chain(highest).collect::<Vec<_>>().join(" · ")
}

fn median_and_highest(points: &[(f64, f64)], unit: &str) -> String {
    let values = points.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let Spread { median, highest, .. } = Spread::of(values.collect());
    format!("median {}, highest {} {unit}", figures::figure(median), figures::figure(highest))
}

/// Amounts. The same name has the same colour in each group.
fn bars(groups: &[(String, Vec<(String, f64)>)]) -> Markup {
    let all = || groups.iter().flat_map(|(_, bars)| bars);
    let most = all().map(|(_, value)| *value).filter(|value| MEASURABLE.contains(value));
    let most = most.fold(MEASURABLE.start, f64::max);
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in all() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    html! {
        dl.bars {
            @for (heading, bars) in groups {
                @if !heading.is_empty() { dt.heading { (heading) } }
                @for (name, value) in bars {
                    @let index = names.iter().position(|known| *known == name).unwrap_or(0);
                    @let share = if value.is_finite() { (value / most).clamp(0.0, 1.0) } else { 0.0 };
                    dt { (name) }
                    @let width = format!("width:{:.1}%;", share * 80.0);
                    dd { i style={ (width) (background(index)) } {} (brief(*value)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![4 => 0.0..1e6, 1 => Just(0.0), 1 => Just(f64::NAN), 1 => any::<f64>()]
    }

    fn series() -> impl Strategy<Value = Vec<(String, Vec<(f64, f64)>)>> {
        let points = prop::collection::vec((prop_oneof![0.0..1.0, number()], number()), 0..30);
        prop::collection::vec((".{0,9}", points), 0..9)
    }

    fn chart() -> impl Strategy<Value = Chart> {
        let groups = prop::collection::vec((".{0,9}", number()), 0..6);
        let groups = prop::collection::vec((".{0,9}", groups), 0..4);
        prop_oneof![
            series().prop_map(|series| {
                let quantiles = |(name, points)| (name, Quantiles { points });
                let series = series.into_iter().map(quantiles).collect();
                Chart::Latencies { title: "a".into(), series }
            }),
            series().prop_map(|series| Chart::OverTime { title: "a".into(), unit: "MB", series }),
            groups.prop_map(|groups| Chart::Bars { title: "a".into(), unit: "MB", groups }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_was_measured_is_drawn(chart in chart()) {
            let drawn = figure(&chart).into_string();
            prop_assert_ne!(matches!(chart, Chart::Bars { .. }), drawn.contains("</svg>"));
            // What cannot be drawn is shown as a paragraph with the reason.
            prop_assert!(!drawn.contains("<p>"), "{drawn}");
        }
    }

    #[test]
    fn bars_of_one_name_have_one_colour() {
        let bars =
            |name: &str| (name.to_owned(), vec![("store".into(), 1.0), ("worker".into(), 2.0)]);
        let groups = vec![bars("idle"), bars("busy")];
        let drawn = figure(&Chart::Bars { title: "t".into(), unit: "MB", groups }).into_string();
        assert_eq!([0, 1, 2].map(|index| drawn.matches(&background(index)).count()), [2, 2, 0]);
    }
}
