//! Where a value goes on an axis, and which values are named there.

/// So many named values fit, about.
const TICKS: f64 = 5.0;
/// So many named values fit on an axis that multiplies.
const RUNGS: usize = 8;
/// What is further from zero than this, or closer, has not been measured but miscounted.
const MEASURABLE: std::ops::RangeInclusive<f64> = 1e-9..=1e15;

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    /// The values at its ends.
    from: f64,
    to: f64,
    /// Where its ends are.
    pixels: (f64, f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Equal steps, each so large.
    Adds(f64),
    /// Equal factors.
    Multiplies,
}

impl Scale {
    /// From zero to at least the largest value, so that lengths can be compared.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let largest = values.filter(|value| MEASURABLE.contains(value)).fold(0.0, f64::max);
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let step = step(largest / TICKS);
        let to = (largest / step - 1e-9).ceil() * step;
        Self { kind: Kind::Adds(step), from: 0.0, to, pixels }
    }

    /// From zero to just here.
    pub(super) fn up_to(to: f64, pixels: (f64, f64)) -> Self {
        let to = if MEASURABLE.contains(&to) { to } else { 1.0 };
        Self { kind: Kind::Adds(step(to / TICKS)), from: 0.0, to, pixels }
    }

    /// Just around the values, so that a tenfold is as far everywhere.
    pub(super) fn tenfold(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let values: Vec<_> = values.filter(|value| MEASURABLE.contains(value)).collect();
        let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = values.iter().copied().fold(0.0, f64::max);
        let below = rungs().take_while(|rung| *rung <= smallest * (1.0 + 1e-9)).last();
        let above = rungs().find(|rung| *rung >= largest * (1.0 - 1e-9));
        let (from, to) = match (below, above) {
            (Some(from), Some(to)) if from < to && smallest <= largest => (from, to),
            (Some(from), Some(_)) if smallest <= largest => (from / 2.0, from * 2.0),
            _ => (1.0, 10.0),
        };
        Self { kind: Kind::Multiplies, from, to, pixels }
    }

    /// Where a value goes, at the axis' end where it lies beyond; nothing where it is no number.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let value = value.clamp(self.from, self.to);
        let along = match self.kind {
            Kind::Adds(_) => (value - self.from) / (self.to - self.from),
            Kind::Multiplies => (value / self.from).ln() / (self.to / self.from).ln(),
        };
        Some(self.pixels.0 + along * (self.pixels.1 - self.pixels.0))
    }

    /// The values that are named, and where they go.
    pub(super) fn ticks(&self) -> Vec<(f64, f64)> {
        let values = match self.kind {
            Kind::Adds(step) => steps(step, self.to),
            Kind::Multiplies => {
                thinned(rungs().filter(|rung| (self.from..=self.to).contains(rung)))
            }
        };
        values.into_iter().filter_map(|value| Some((value, self.place(value)?))).collect()
    }
}

fn steps(step: f64, to: f64) -> Vec<f64> {
    let counted = (0_u8..).map(|count| f64::from(count) * step);
    counted.take_while(|value| *value <= to * (1.0 + 1e-9)).collect()
}

/// 1, 2 and 5, and these times ten, and so on: the next that is not less.
fn step(at_least: f64) -> f64 {
    rungs().find(|rung| *rung >= at_least * (1.0 - 1e-9)).unwrap_or(at_least)
}

fn rungs() -> impl Iterator<Item = f64> {
    (-10..=16).flat_map(|exponent| [1.0, 2.0, 5.0].map(|first| first * 10_f64.powi(exponent)))
}

/// All rungs, or where those are too many the tens, or every second or third of those.
fn thinned(rungs: impl Iterator<Item = f64>) -> Vec<f64> {
    let rungs: Vec<_> = rungs.collect();
    if rungs.len() <= RUNGS {
        return rungs;
    }
    let is_ten = |rung: &f64| (rung.log10() - rung.log10().round()).abs() < 1e-6;
    let tens: Vec<_> = rungs.into_iter().filter(is_ten).collect();
    let every = tens.len().div_ceil(RUNGS);
    tens.into_iter().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIXELS: (f64, f64) = (300.0, 20.0);

    fn anything() -> impl Strategy<Value = Vec<f64>> {
        let usual = prop_oneof![0.0..1e6, 1e-6..1.0, Just(f64::NAN), any::<f64>()];
        prop::collection::vec(usual, 0..20)
    }

    proptest! {
        #[test]
        fn an_axis_names_a_few_values_in_order_and_apart(values in anything()) {
            let each = || values.iter().copied();
            let largest = each().fold(0.0, f64::max);
            for scale in [
                Scale::from_zero(each(), PIXELS),
                Scale::tenfold(each(), PIXELS),
                Scale::up_to(largest, PIXELS),
            ] {
                let ticks = scale.ticks();
                prop_assert!((2..=9).contains(&ticks.len()), "{ticks:?} of {scale:?}");
                for pair in ticks.windows(2) {
                    prop_assert!(pair[0].0 < pair[1].0, "{ticks:?}");
                    prop_assert!(pair[0].1 - pair[1].1 > 14.0, "{ticks:?}");
                }
                for value in each() {
                    let place = scale.place(value);
                    prop_assert_eq!(place.is_some(), value.is_finite());
                    prop_assert!(place.is_none_or(|place| (20.0..=300.0).contains(&place)));
                }
            }
        }
    }

    #[test]
    fn an_axis_ends_where_the_largest_value_fits() {
        let ends = |values: &[f64]| {
            let ticks = Scale::from_zero(values.iter().copied(), PIXELS).ticks();
            ticks.iter().map(|(value, _)| *value).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[3.0, 9.7]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ends(&[5_000.0]), [0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 5_000.0]);
        assert_eq!(ends(&[]), ends(&[1.0]));
    }

    #[test]
    fn an_axis_that_multiplies_keeps_tenfolds_equally_far() {
        let scale = Scale::tenfold([130.0, 90_000.0].into_iter(), (0.0, 300.0));
        let ticks = scale.ticks();
        let named: Vec<_> = ticks.iter().map(|(value, _)| *value).collect();
        assert_eq!(named, [100.0, 1_000.0, 10_000.0, 100_000.0]);
        assert!((ticks[2].1 - 200.0).abs() < 1e-6, "{ticks:?}");
        let single = Scale::tenfold([1_000.0].into_iter(), (0.0, 300.0));
        assert!((single.place(1_000.0).unwrap() - 150.0).abs() < 1e-6);
    }
}
