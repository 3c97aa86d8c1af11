//! What is wanted of a run.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// From which the schedule comes.
    pub seed: u64,
    /// The faults that may happen.
    pub faults: Vec<Fault>,
    /// How long faults are to go on.
    pub lasts: Duration,
    /// How long a round of faults lasts.
    pub round: Duration,
    /// Where data, logs and the report go.
    pub folder: PathBuf,
    /// The guard that the programs were told to do without.
    pub without: Option<String>,
}
