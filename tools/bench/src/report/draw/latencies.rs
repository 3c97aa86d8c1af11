//! Latencies by how rare they are: each step to the right is ten times rarer.

use maud::{Markup, html};

use super::frame::{ACROSS, Tick, UP, frame};
use super::lines;
use super::scale::Scale;
use crate::report::chart::Quantiles;
use crate::report::figures::latency;

/// The quantiles that are named, as far as the latencies go.
const NAMED: [(f64, &str); 6] = [
    (0.5, "p50"),
    (0.9, "p90"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
    (0.99999, "p99.999"),
];
/// From the 90th to the last, in nines.
const NINES: std::ops::RangeInclusive<f64> = 1.0..=5.0;

pub(super) fn picture(title: &str, series: &[(String, Quantiles)]) -> Markup {
    let points = || series.iter().flat_map(|(_, quantiles)| &quantiles.points);
    let rarest = points().filter_map(|(quantile, _)| nines(*quantile)).fold(0.0, f64::max);
    let rarest = rarest.clamp(*NINES.start(), *NINES.end());
    let x = |quantile| {
        let along = nines(quantile)?.min(rarest) / rarest;
        Some(ACROSS.0 + along * (ACROSS.1 - ACROSS.0))
    };
    let scale = Scale::tenfold(points().map(|(_, latency)| *latency), UP);
    let named = NAMED.iter().filter(|(quantile, _)| nines(*quantile).is_some_and(|n| n <= rarest));
    let across: Vec<Tick> =
        named.filter_map(|(quantile, name)| Some(((*name).to_owned(), x(*quantile)?))).collect();
    let up: Vec<Tick> = scale.ticks().into_iter().map(|(value, y)| (latency(value), y)).collect();
    let place = |(quantile, latency): &(f64, f64)| Some((x(*quantile)?, scale.place(*latency)?));
    let lines = html! {
        @for (index, (name, quantiles)) in series.iter().enumerate() {
            (lines::series(index, name, &quantiles.points.iter().map(place).collect::<Vec<_>>()))
        }
    };
    frame(title, &across, &up, "so many were at least as fast", &lines)
}

/// What stands beside a name.
pub(super) fn legend(series: &[(String, Quantiles)]) -> Vec<(String, String)> {
    let figures = |quantiles: &Quantiles| {
        let told = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)].map(|(name, quantile)| {
            let told = quantiles.at(quantile).map(latency)?;
            Some(format!("{name} {told}"))
        });
        let last = quantiles.points.last();
        let highest = last.map(|(_, highest)| format!("max {}", latency(*highest)));
        told.into_iter().flatten().chain(highest).collect::<Vec<_>>().join(" · ")
    };
    series.iter().map(|(name, quantiles)| (name.clone(), figures(quantiles))).collect()
}

/// 0.9 is one nine, 0.99 are two.
fn nines(quantile: f64) -> Option<f64> {
    (0.0..1.0).contains(&quantile).then(|| -(1.0 - quantile).log10())
}
