//! The options of a run.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// From which the schedule comes.
    pub seed: u64,
    /// The faults that may happen.
    pub faults: Vec<Fault>,
    /// The duration of all faults together.
    pub lasts: Duration,
    /// The duration of a round of faults.
    pub round: Duration,
    /// The folder of data, logs and report.
    pub folder: PathBuf,
    /// The guard that the programs were told to do without.
    pub without: Option<String>,
}
