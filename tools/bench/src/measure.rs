//! What was measured, what stands beside it, and whether that is what was wanted. Pure.

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

/// One figure, and the limit it is held against.
#[derive(Clone, Debug)]
pub struct Measure {
    /// What it says, in a few words; unique in a report.
    pub name: String,
    /// What the runs came to.
    pub value: Spread,
    /// In what it counts, `orders/s`; that of `beside` too.
    pub unit: &'static str,
    /// The limit, measured in the same run.
    pub beside: Option<Beside>,
    /// What is to be reached.
    pub wanted: Wanted,
}

/// What a measure is held against.
#[derive(Clone, Debug)]
pub struct Beside {
    /// What it is: `pgbench -M prepared`.
    pub what: String,
    /// What the runs came to.
    pub value: Spread,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// At least so much of what stands beside it.
    RatioAtLeast(f64),
    /// At most so many times what stands beside it.
    RatioAtMost(f64),
    /// At least so much, in the measure's unit.
    ValueAtLeast(f64),
    /// At most so much, in the measure's unit.
    ValueAtMost(f64),
    /// Nothing: it is only told.
    Reported,
}

impl Measure {
    /// How the value stands to what is beside it; nothing where either says nothing.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.ratios().map(|ratios| ratios.median)
    }

    /// How the runs stand to those beside them. Where there are as many of both, they took turns: each
    /// is held against the one that ran next to it, on a machine that was as busy.
    #[must_use]
    pub fn ratios(&self) -> Option<Spread> {
        let (value, beside) = (&self.value, &self.beside.as_ref()?.value);
        let ratios: Vec<_> = if value.runs.len() == beside.runs.len() {
            value.runs.iter().zip(&beside.runs).map(|(value, beside)| value / beside).collect()
        } else {
            vec![value.median / beside.median]
        };
        let sound = !ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite());
        sound.then(|| Spread::of(ratios))
    }

    /// Whether it is what was wanted; nothing where nothing was. What could not be measured has not
    /// been reached.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        let (ratio, value) = (self.ratio().unwrap_or(f64::NAN), self.value.median);
        match self.wanted {
            Wanted::RatioAtLeast(least) => Some(ratio >= least),
            Wanted::RatioAtMost(most) => Some(ratio <= most),
            Wanted::ValueAtLeast(least) => Some(value >= least),
            Wanted::ValueAtMost(most) => Some(value <= most),
            Wanted::Reported => None,
        }
    }
}

impl Wanted {
    /// The number that is to be reached.
    #[must_use]
    pub const fn target(self) -> Option<f64> {
        match self {
            Self::RatioAtLeast(target)
            | Self::RatioAtMost(target)
            | Self::ValueAtLeast(target)
            | Self::ValueAtMost(target) => Some(target),
            Self::Reported => None,
        }
    }

    /// What kind of target that is, for programs.
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

/// What several runs of the same came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The one in the middle, or between the two in the middle.
    pub median: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
    /// All, in the order in which they were run.
    pub runs: Vec<f64>,
}

impl Spread {
    /// That of these runs. Of none it is not a number, and so is no target ever reached.
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
    /// That of a single run.
    fn from(run: f64) -> Self {
        Self::of(vec![run])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(value: f64, beside: Option<f64>, wanted: Wanted) -> Measure {
        let beside = beside.map(|beside| Beside { what: "the limit".into(), value: beside.into() });
        Measure { name: "a figure".into(), value: value.into(), unit: "orders/s", beside, wanted }
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
    fn a_target_is_reached_at_its_very_number_and_missed_beside_it() {
        let reached = |value, beside, wanted| measure(value, beside, wanted).reached();
        for (good, bad, wanted) in [
            (6.0, 5.9, Wanted::RatioAtLeast(0.6)),
            (15.0, 15.1, Wanted::RatioAtMost(1.5)),
            (5_000.0, 4_999.0, Wanted::ValueAtLeast(5_000.0)),
            (150.0, 150.5, Wanted::ValueAtMost(150.0)),
        ] {
            assert_eq!(reached(good, Some(10.0), wanted), Some(true), "{wanted:?}");
            assert_eq!(reached(bad, Some(10.0), wanted), Some(false), "{wanted:?}");
            assert_eq!(reached(f64::NAN, Some(10.0), wanted), Some(false), "{wanted:?}");
        }
        assert_eq!(reached(1.0, Some(10.0), Wanted::Reported), None);
    }

    #[test]
    fn runs_that_took_turns_are_held_against_each_other_pair_by_pair() {
        // The machine was twice as fast for the second turn.
        let (value, beside) = (vec![50.0, 120.0, 60.0], vec![100.0, 200.0, 100.0]);
        let mut measure = measure(0.0, Some(0.0), Wanted::Reported);
        measure.value = Spread::of(value);
        measure.beside.as_mut().unwrap().value = Spread::of(beside);
        let ratios = measure.ratios().unwrap();
        assert_eq!((ratios.lowest, ratios.median, ratios.highest), (0.5, 0.6, 0.6));
        // With another number of runs there are no pairs.
        measure.beside.as_mut().unwrap().value = Spread::from(100.0);
        assert_eq!(measure.ratio(), Some(0.6));
    }

    #[test]
    fn a_ratio_to_nothing_reaches_nothing() {
        for beside in [None, Some(0.0), Some(f64::NAN)] {
            let measure = measure(1.0, beside, Wanted::RatioAtLeast(0.6));
            assert_eq!(measure.ratio(), None);
            assert_eq!(measure.reached(), Some(false));
        }
    }
}
