//! A measure, its baseline and its target. Pure.

use super::report::chart::Chart;

/// Everything that one row of the table of measures came to.
#[derive(Debug, Default)]
pub struct Finding {
    /// Under which heading the report shows it.
    pub heading: String,
    /// The figures.
    pub measures: Vec<Measure>,
    /// The pictures.
    pub charts: Vec<Chart>,
}

/// One figure with its baseline and target.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The name, in a few words; unique in a report.
    pub name: String,
    /// The figures of the runs.
    pub value: Spread,
    /// The unit, `orders/s`; that of the baseline too.
    pub unit: &'static str,
    /// The baseline, measured in the same run.
    pub baseline: Option<Baseline>,
    /// The target.
    pub target: Target,
}

/// The figure that a measure is compared with.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The name: `pgbench -M prepared`.
    pub what: String,
    /// The figures of the runs.
    pub value: Spread,
}

/// The target of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// At least so much of the baseline.
    RatioAtLeast(f64),
    /// At most so many times the baseline.
    RatioAtMost(f64),
    /// At least so much, in the measure's unit.
    ValueAtLeast(f64),
    /// At most so much, in the measure's unit.
    ValueAtMost(f64),
    /// None: it is only reported.
    Reported,
}

impl Measure {
    /// A figure that is only reported, from the runs that came to it.
    #[must_use]
    pub fn new(name: impl Into<String>, unit: &'static str, runs: &[f64]) -> Self {
        let value = Spread::of(runs.to_vec());
        Self { name: name.into(), value, unit, baseline: None, target: Target::Reported }
    }

    /// Sets a target.
    #[must_use]
    pub fn with_target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// Sets a baseline and a target.
    #[must_use]
    pub fn against(self, what: &str, runs: &[f64], target: Target) -> Self {
        let value = Spread::of(runs.to_vec());
        Self { baseline: Some(Baseline { what: what.to_owned(), value }), target, ..self }
    }

    /// The value in parts of the baseline; none where either says nothing.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.ratios().map(|ratios| ratios.median)
    }

    /// The runs in parts of those of the baseline. Where there are as many of both, they took
    /// turns: each is held against the one that ran next to it, on a machine that was as busy.
    #[must_use]
    pub fn ratios(&self) -> Option<Spread> {
        let (value, baseline) = (&self.value, &self.baseline.as_ref()?.value);
        let ratios: Vec<_> = if value.runs.len() == baseline.runs.len() {
            value
                .runs
                .iter()
                .zip(&baseline.runs)
                .map(|(value, baseline)| value / baseline)
                .collect()
        } else {
            vec![value.median / baseline.median]
        };
        let sound = !ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite());
        sound.then(|| Spread::of(ratios))
    }

    /// Returns whether the target is met; `None` where there is none. What could not be measured
    /// does not meet it.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        let (ratio, value) = (self.ratio().unwrap_or(f64::NAN), self.value.median);
        match self.target {
            Target::RatioAtLeast(least) => Some(ratio >= least),
            Target::RatioAtMost(most) => Some(ratio <= most),
            Target::ValueAtLeast(least) => Some(value >= least),
            Target::ValueAtMost(most) => Some(value <= most),
            Target::Reported => None,
        }
    }
}

impl Target {
    /// The number.
    #[must_use]
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::RatioAtLeast(target)
            | Self::RatioAtMost(target)
            | Self::ValueAtLeast(target)
            | Self::ValueAtMost(target) => Some(target),
            Self::Reported => None,
        }
    }

    /// The kind, for programs.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RatioAtLeast(_) => "ratio_at_least",
            Self::RatioAtMost(_) => "ratio_at_most",
            Self::ValueAtLeast(_) => "value_at_least",
            Self::ValueAtMost(_) => "value_at_most",
            Self::Reported => "reported",
        }
    }
}

/// The figures of several runs of the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The one in the middle, or between the two in the middle.
    pub median: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
    /// All figures, in the order of the runs.
    pub runs: Vec<f64>,
}

impl Spread {
    /// Returns the spread of these runs. Of none it is not a number, and meets no target.
    #[must_use]
    pub fn of(runs: Vec<f64>) -> Self {
        let mut sorted = runs.clone();
        sorted.sort_by(f64::total_cmp);
        let (lower, upper) =
            (sorted.get(sorted.len().wrapping_sub(1) / 2), sorted.get(sorted.len() / 2));
        let end = |end: Option<&f64>| end.copied().unwrap_or(f64::NAN);
        Self {
            median: f64::midpoint(end(lower), end(upper)),
            lowest: end(sorted.first()),
            highest: end(sorted.last()),
            runs,
        }
    }
}

impl From<f64> for Spread {
    /// Returns the spread of a single run.
    fn from(run: f64) -> Self {
        Self::of(vec![run])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(value: f64, baseline: Option<f64>, target: Target) -> Measure {
        let baseline = baseline
            .map(|baseline| Baseline { what: "the baseline".into(), value: baseline.into() });
        Measure { name: "a figure".into(), value: value.into(), unit: "orders/s", baseline, target }
    }

    #[test]
    fn the_median_lies_between_the_two_in_the_middle() {
        let spread = Spread::of(vec![9.0, 1.0, 4.0, 2.0]);
        assert_eq!((spread.median, spread.lowest, spread.highest), (3.0, 1.0, 9.0));
        assert_eq!(spread.runs, [9.0, 1.0, 4.0, 2.0]);
        assert_eq!(Spread::of(vec![9.0, 1.0, 4.0]).median, 4.0);
        assert!(Spread::of(vec![]).median.is_nan());
    }

    #[test]
    fn a_target_is_met_at_its_very_number_and_missed_next_to_it() {
        let is_met = |value, baseline, target| measure(value, baseline, target).is_met();
        for (good, bad, target) in [
            (6.0, 5.9, Target::RatioAtLeast(0.6)),
            (15.0, 15.1, Target::RatioAtMost(1.5)),
            (5_000.0, 4_999.0, Target::ValueAtLeast(5_000.0)),
            (150.0, 150.5, Target::ValueAtMost(150.0)),
        ] {
            assert_eq!(is_met(good, Some(10.0), target), Some(true), "{target:?}");
            assert_eq!(is_met(bad, Some(10.0), target), Some(false), "{target:?}");
            assert_eq!(is_met(f64::NAN, Some(10.0), target), Some(false), "{target:?}");
        }
        assert_eq!(is_met(1.0, Some(10.0), Target::Reported), None);
    }

    #[test]
    fn runs_that_took_turns_are_held_against_each_other_pair_by_pair() {
        // The machine was twice as fast for the second turn.
        let (value, baseline) = (vec![50.0, 120.0, 60.0], vec![100.0, 200.0, 100.0]);
        let mut measure = measure(0.0, Some(0.0), Target::Reported);
        measure.value = Spread::of(value);
        measure.baseline.as_mut().unwrap().value = Spread::of(baseline);
        let ratios = measure.ratios().unwrap();
        assert_eq!((ratios.lowest, ratios.median, ratios.highest), (0.5, 0.6, 0.6));
        // With another number of runs there are no pairs.
        measure.baseline.as_mut().unwrap().value = Spread::from(100.0);
        assert_eq!(measure.ratio(), Some(0.6));
    }

    #[test]
    fn a_ratio_to_nothing_meets_no_target() {
        for baseline in [None, Some(0.0), Some(f64::NAN)] {
            let measure = measure(1.0, baseline, Target::RatioAtLeast(0.6));
            assert_eq!(measure.ratio(), None);
            assert_eq!(measure.is_met(), Some(false));
        }
    }
}
