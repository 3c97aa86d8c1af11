//! What is wanted of a run.

use std::path::PathBuf;
use std::time::Duration;

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// From which the schedule comes.
    pub seed: u64,
    /// How long faults are to go on.
    pub lasts: Duration,
    /// How long a round of faults lasts.
    pub round: Duration,
    /// Where data, logs and the report go.
    pub folder: PathBuf,
    /// The guard that the programs were told to do without.
    pub without: Option<String>,
}
