//! The nemesis, shortly: clients write while everything around them fails. `deploy/nemesis` does it
//! for longer.

use std::time::Duration;

use nemesis::fault::Fault;
use nemesis::options::Options;
use nemesis::run::run;
use tokio_util::sync::CancellationToken;

/// The seeds that are run unless another is asked for.
const SEEDS: [u64; 2] = [1, 2];
/// The variable with another seed.
const SEED: &str = "LOCKSTEP_NEMESIS_SEED";
/// The duration of the faults, of all seeds together.
const LASTS: Duration = Duration::from_secs(60);
const ROUND: Duration = Duration::from_secs(15);

fn seeds() -> Vec<u64> {
    match std::env::var(SEED) {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => SEEDS.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_repeated_or_sent_back_while_everything_breaks() {
    let seeds = seeds();
    let lasts = LASTS / u32::try_from(seeds.len()).unwrap();
    for seed in seeds {
        println!("seed {seed}; {SEED}={seed} runs it again");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = Options {
            seed,
            faults: Fault::all().collect(),
            lasts,
            round: ROUND,
            folder: folder.path().to_owned(),
            without: None,
        };
        let report = run(&options, CancellationToken::new()).await.unwrap();
        if !report.is_clean() {
            panic!("{report}\nlogs and data: {}", folder.keep().display());
        }
        assert!(report.writes.acknowledged > 0 && !report.faults.is_empty(), "{report}");
    }
}
