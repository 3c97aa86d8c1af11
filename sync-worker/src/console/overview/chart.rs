//! The chart of the lag over the last fifteen minutes, as SVG: the median and the 99th percentile of
//! each interval, on a logarithmic scale. Pure.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::super::parts::millis;
use crate::figures::{Lag, Quantiles};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 96.0;
/// The space at the left for the scale's numbers.
const LEFT: f64 = 38.0;
/// The space below for the times.
const BOTTOM: f64 = 14.0;
/// The scale's ends, in milliseconds, unless lags are outside.
const LOWEST: f64 = 1.0;
const HIGHEST: f64 = 100.0;

/// The chart of a direction's lag.
pub(super) fn chart(lag: &Lag, name: &str) -> Markup {
    let most = lag.intervals.iter().flatten().map(|it| it.p99).fold(HIGHEST, f64::max);
    let scale = Scale { top: most.log10().ceil(), count: lag.intervals.len() };
    let label = match lag.last_minute {
        Some(Quantiles { median, p99 }) => format!(
            "Lag {name} over 15 minutes; in the last minute the median was {}, the 99th percentile {}",
            millis(median),
            millis(p99)
        ),
        None => format!("Lag {name} over 15 minutes; nothing was carried in the last minute"),
    };
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            @for decade in decades(scale.top) {
                @let y = scale.y(decade);
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text.scale x=(LEFT - 5.0) y=(y + 3.0) text-anchor="end" { (tick(decade)) }
            }
            path.band d=(band(lag, scale)) {}
            path.p99 d=(line(lag, scale, |it| it.p99)) {}
            path.median d=(line(lag, scale, |it| it.median)) {}
            text.scale x=(LEFT) y=(HEIGHT - 2.0) { "15 min ago" }
            text.scale x=(WIDTH) y=(HEIGHT - 2.0) text-anchor="end" { "now" }
        }
    }
}

/// The powers of ten between the scale's ends.
fn decades(top: f64) -> impl Iterator<Item = f64> {
    let ends = (0..=7).map(f64::from).filter(move |power| *power <= top);
    ends.map(|power| 10_f64.powf(power))
}

fn tick(decade: f64) -> String {
    match decade {
        short if short < 1_000.0 => format!("{short:.0} ms"),
        long => format!("{:.0} s", long / 1e3),
    }
}

#[derive(Clone, Copy)]
struct Scale {
    /// The power of ten at the top.
    top: f64,
    count: usize,
}

impl Scale {
    fn x(self, index: usize) -> f64 {
        let [index, last] = [index, self.count.saturating_sub(1)]
            .map(|it| u32::try_from(it).map_or(1.0, f64::from));
        LEFT + (WIDTH - LEFT) * index / last.max(1.0)
    }

    fn y(self, millis: f64) -> f64 {
        let part = millis.max(LOWEST).log10() / self.top;
        let room = HEIGHT - BOTTOM - 6.0;
        6.0 + room * (1.0 - part)
    }
}

/// The runs of intervals in which something was carried.
fn runs(lag: &Lag) -> Vec<Vec<(usize, Quantiles)>> {
    let mut runs = vec![vec![]];
    for (index, interval) in lag.intervals.iter().enumerate() {
        match (interval, runs.last_mut()) {
            (Some(quantiles), Some(run)) => run.push((index, *quantiles)),
            (None, Some(run)) if !run.is_empty() => runs.push(vec![]),
            (_, _) => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn line(lag: &Lag, scale: Scale, of: impl Fn(&Quantiles) -> f64) -> String {
    let mut path = String::new();
    for run in runs(lag) {
        for (place, (index, quantiles)) in run.iter().enumerate() {
            let command = if place == 0 { 'M' } else { 'L' };
            let (x, y) = (scale.x(*index), scale.y(of(quantiles)));
            // Writing to memory cannot fail.
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        if run.len() == 1 {
            // A line of no length is shown as a point.
            path.push_str("h.1");
        }
    }
    path
}

/// The area between the two lines.
fn band(lag: &Lag, scale: Scale) -> String {
    let mut path = String::new();
    for run in runs(lag).iter().filter(|run| run.len() > 1) {
        let above = run.iter().map(|(index, it)| (*index, it.p99));
        let below = run.iter().rev().map(|(index, it)| (*index, it.median));
        for (place, (index, millis)) in above.chain(below).enumerate() {
            let command = if place == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", scale.x(index), scale.y(millis));
        }
        path.push('Z');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_without_lag_are_gaps() {
        let some = |median, p99| Some(Quantiles { median, p99 });
        let intervals = vec![None, some(2.0, 9.0), some(3.0, 9.0), None, some(4.0, 20_000.0)];
        let chart = chart(&Lag { last_minute: None, intervals }, "to the store").into_string();
        let paths = chart.split("<path").skip(1).map(|it| it.matches('M').count());
        assert_eq!(paths.collect::<Vec<_>>(), [1, 2, 2], "{chart}");
        assert!(chart.contains("10 s") && chart.contains("nothing was carried"), "{chart}");
    }
}
