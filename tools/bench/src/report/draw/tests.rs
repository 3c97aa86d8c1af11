//! Whatever is to be drawn, nothing leaves the picture and nothing is drawn that is no number.

use proptest::prelude::*;

use super::*;
use crate::report::chart::Quantiles;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1e6,
        1 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => any::<f64>(),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((prop_oneof![0.0..1.0, number()], number()), 0..30)
}

fn series() -> impl Strategy<Value = Vec<(String, Vec<(f64, f64)>)>> {
    prop::collection::vec((".{0,40}", pairs()), 0..9)
}

fn chart() -> impl Strategy<Value = Chart> {
    let groups = prop::collection::vec((".{0,12}", number()), 0..6);
    let groups = prop::collection::vec((".{0,40}", groups), 0..4);
    prop_oneof![
        (".{0,60}", series()).prop_map(|(title, series)| {
            let quantiles = |(name, points)| (name, Quantiles { points });
            Chart::Latencies { title, series: series.into_iter().map(quantiles).collect() }
        }),
        (".{0,60}", series()).prop_map(|(title, series)| Chart::OverTime {
            title,
            unit: "orders/s",
            series
        }),
        (".{0,60}", groups).prop_map(|(title, groups)| Chart::Bars { title, unit: "MB", groups }),
    ]
}

/// The values of an attribute, as they stand in the text.
fn attributes<'a>(drawn: &'a str, name: &str) -> Vec<&'a str> {
    let begins = format!(" {name}=\"");
    drawn.split(&begins).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn numbers(drawn: &str, names: &[&str]) -> Vec<f64> {
    let texts = names.iter().flat_map(|name| attributes(drawn, name));
    let parts = texts.flat_map(|text| text.split([' ', ',']));
    parts.map(|part| part.parse().unwrap()).collect()
}

/// The picture itself, without the legend above it.
fn picture(drawn: &str) -> &str {
    &drawn[drawn.rfind("<svg role=").unwrap()..]
}

/// What a program reads, so that no name is taken for it.
fn without_names(chart: Chart) -> Chart {
    let plain = |name: &mut String| *name = name.chars().map(|_| 'a').collect();
    let mut chart = chart;
    match &mut chart {
        Chart::Latencies { title, series } => {
            plain(title);
            series.iter_mut().for_each(|(name, _)| plain(name));
        }
        Chart::OverTime { title, series, .. } => {
            plain(title);
            series.iter_mut().for_each(|(name, _)| plain(name));
        }
        Chart::Bars { title, groups, .. } => {
            plain(title);
            groups.iter_mut().for_each(|(name, bars)| {
                plain(name);
                bars.iter_mut().for_each(|(name, _)| plain(name));
            });
        }
    }
    chart
}

proptest! {
    #[test]
    fn everything_is_in_the_picture_and_a_number(chart in chart().prop_map(without_names)) {
        let drawn = figure(&chart).into_string();
        let drawn = picture(&drawn);
        let size = numbers(drawn, &["viewBox"]);
        let [0.0, 0.0, width, height] = size[..] else { panic!("{size:?}") };
        for x in numbers(drawn, &["x", "x1", "x2", "cx"]) {
            prop_assert!((0.0..=width).contains(&x), "{x} of {width}: {drawn}");
        }
        for y in numbers(drawn, &["y", "y1", "y2", "cy"]) {
            prop_assert!((0.0..=height).contains(&y), "{y} of {height}: {drawn}");
        }
        for place in numbers(drawn, &["points"]).chunks(2) {
            prop_assert!((0.0..=width).contains(&place[0]) && (0.0..=height).contains(&place[1]));
        }
        for width in numbers(drawn, &["width", "height"]) {
            prop_assert!(width >= 0.0);
        }
        prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }

    #[test]
    fn no_name_becomes_markup(chart in chart()) {
        let opened = |chart: &Chart| figure(chart).into_string().matches('<').count();
        prop_assert_eq!(opened(&chart), opened(&without_names(chart.clone())));
    }
}

#[test]
fn bars_of_one_name_have_one_colour() {
    let group = |name: &str| (name.to_owned(), vec![("store".into(), 1.0), ("worker".into(), 2.0)]);
    let groups = vec![group("idle"), group("busy")];
    let drawn = figure(&Chart::Bars { title: "t".into(), unit: "MB", groups }).into_string();
    assert_eq!(drawn.matches(r#"class="c0""#).count(), 2);
    assert_eq!(drawn.matches(r#"class="c1""#).count(), 2);
}
