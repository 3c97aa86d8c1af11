//! What a picture shows; how it is drawn stands beside this.

use hdrhistogram::Histogram;

/// A picture in the report.
#[derive(Clone, Debug)]
pub enum Chart {
    /// How latencies are distributed: one line a series, from the median out to the rarest.
    Latencies {
        /// What one sees.
        title: String,
        /// A name and its latencies, each.
        series: Vec<(String, Quantiles)>,
    },
    /// How something went: one line a series.
    OverTime {
        /// What one sees.
        title: String,
        /// In what it counts.
        unit: &'static str,
        /// A name and its points, each: seconds from the beginning, and how much.
        series: Vec<(String, Vec<(f64, f64)>)>,
    },
    /// How much of each: groups of bars, as growth and cost are shown.
    Bars {
        /// What one sees.
        title: String,
        /// In what it counts.
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

/// So many points lie between 0 and 0.5, between 0.5 and 0.75, and so on.
const TO_THE_HALF: u32 = 5;

impl From<&Histogram<u64>> for Quantiles {
    /// Those of latencies in µs.
    fn from(latencies: &Histogram<u64>) -> Self {
        let points = latencies.iter_quantiles(TO_THE_HALF).map(|step| {
            #[expect(clippy::cast_precision_loss, reason = "a latency is far below 2^52 µs")]
            let latency = step.value_iterated_to() as f64;
            (step.quantile_iterated_to(), latency)
        });
        Self { points: points.filter(|(quantile, _)| *quantile < 1.0).collect() }
    }
}
