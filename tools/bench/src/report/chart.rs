//! A chart as data; `draw` makes a picture of it.

use hdrhistogram::Histogram;

/// A picture in the report.
#[derive(Clone, Debug)]
pub enum Chart {
    /// The distribution of latencies: one line a series, from the fastest out to the rarest.
    Latencies {
        /// The title.
        title: String,
        /// A name and its latencies, each.
        series: Vec<(String, Quantiles)>,
    },
    /// A course: one line a series.
    OverTime {
        /// The title.
        title: String,
        /// The unit.
        unit: &'static str,
        /// A name and its points, each: seconds from the beginning, and how much.
        series: Vec<(String, Vec<(f64, f64)>)>,
    },
    /// Amounts: groups of bars, as growth and cost are shown.
    Bars {
        /// The title.
        title: String,
        /// The unit.
        unit: &'static str,
        /// A name and its bars, each a name and how much.
        groups: Vec<(String, Vec<(String, f64)>)>,
    },
}

/// Latencies, as a chart needs them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// A quantile, from 0 up to and without 1, and its latency in µs; both never fall.
    pub points: Vec<(f64, f64)>,
}

impl Quantiles {
    /// The latency of a quantile: that of the first point there or beyond.
    #[must_use]
    pub fn at(&self, quantile: f64) -> Option<f64> {
        let point = self.points.iter().find(|(point, _)| *point >= quantile - 1e-9)?;
        Some(point.1)
    }
}

/// The number of points between 0 and 0.9, between 0.9 and 0.99, and so on.
const TO_THE_NINE: u32 = 20;

impl From<&Histogram<u64>> for Quantiles {
    /// The quantiles of latencies in µs, as far out as there were so many.
    #[expect(clippy::cast_precision_loss, reason = "counts and latencies are far below 2^52")]
    fn from(latencies: &Histogram<u64>) -> Self {
        let nines = (latencies.len() as f64).log10() + 1e-9;
        let steps = (0_u32..).map(|step| f64::from(step) / f64::from(TO_THE_NINE));
        let steps = steps.take_while(|step| *step <= nines);
        let mut quantiles: Vec<_> = steps.map(|step| 1.0 - 10_f64.powf(-step)).collect();
        let median = quantiles.partition_point(|quantile| *quantile < 0.5);
        if median < quantiles.len() {
            quantiles.insert(median, 0.5);
        }
        let point = |quantile| (quantile, latencies.value_at_quantile(quantile) as f64);
        Self { points: quantiles.into_iter().map(point).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::latencies;

    #[test]
    fn quantiles_are_those_of_the_latencies_as_far_out_as_there_are_so_many() {
        let mut counted = latencies();
        (1..=1_000).for_each(|latency| counted.record(latency).unwrap());
        let quantiles = Quantiles::from(&counted);
        let told = [0.5, 0.9, 0.99, 0.999, 0.9999].map(|quantile| quantiles.at(quantile));
        assert_eq!(told, [Some(500.0), Some(900.0), Some(990.0), Some(999.0), None]);
        assert!(quantiles.points.is_sorted());
        assert_eq!(Quantiles::from(&latencies()), Quantiles::default());
    }
}
