//! How something went, second by second.

use maud::{Markup, html};

use super::frame::{ACROSS, Tick, UP, frame};
use super::lines;
use super::scale::Scale;
use crate::measure::Spread;
use crate::report::figures::{compact, figure};

/// A name and its points: seconds from the beginning, and how much.
type Series = (String, Vec<(f64, f64)>);

pub(super) fn picture(title: &str, unit: &str, series: &[Series]) -> Markup {
    let points = || series.iter().flat_map(|(_, points)| points);
    let last = points().map(|(second, _)| *second).fold(0.0, f64::max);
    let time = Scale::up_to(last, ACROSS);
    let scale = Scale::from_zero(points().map(|(_, value)| *value), UP);
    let ticks = |scale: &Scale, unit: &str| -> Vec<Tick> {
        let tick = |(value, place)| (compact(value) + unit, place);
        scale.ticks().into_iter().map(tick).collect()
    };
    let place = |(second, value): &(f64, f64)| Some((time.place(*second)?, scale.place(*value)?));
    let lines = html! {
        @for (index, (name, points)) in series.iter().enumerate() {
            @let places = points.iter().map(place).collect::<Vec<_>>();
            (lines::series(index, name, &lines::thinned(&places)))
        }
    };
    let is = format!("{unit} over time");
    frame(title, &ticks(&time, " s"), &ticks(&scale, ""), &is, &lines)
}

/// What stands beside a name.
pub(super) fn legend(unit: &str, series: &[Series]) -> Vec<(String, String)> {
    let figures = |points: &[(f64, f64)]| {
        let values = points.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
        let Spread { median, highest, .. } = Spread::of(values.collect());
        format!("median {}, highest {} {unit}", figure(median), figure(highest))
    };
    series.iter().map(|(name, points)| (name.clone(), figures(points))).collect()
}
