//! The worker and the store are killed at every step of a write-back, and between any two, while callers write
//! and others change the remote. Afterwards both have the same, and nothing was sent twice.

mod callers;
mod known;
mod moment;
mod others;
mod verdict;

use std::time::{Duration, Instant};

use e2e_tests::Stack;
use fastrand::Rng;
use process_kit::Program;
use sample_sources::remote::Options;
use sample_sources::steering::Steering;
use serde_json::json;
use test_kit::TestClient;

use super::mirror_world::World;
use callers::Callers;
use moment::Moment;
use others::Others;

/// The variable with another seed.
const SEED: &str = "LOCKSTEP_KILLING_SEED";
/// After this time no further round begins, once everything was killed at each moment.
const LASTS: Duration = Duration::from_secs(20);
/// Ends the hold of a run whose worker is gone, which would last for half a minute.
const END_HOLD: &str = "update jobs set held_until = now()";

/// The program that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Worker,
    Store,
}

impl Victim {
    const ALL: [Self; 2] = [Self::Worker, Self::Store];

    const fn program(self, stack: &mut Stack) -> &mut Program {
        match self {
            Self::Worker => &mut stack.worker,
            Self::Store => &mut stack.store_svc,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_worker_and_store_are_killed_arrives_once() {
    let seed = std::env::var(SEED).map_or(1, |seed| seed.parse().unwrap());
    println!("seed {seed}; {SEED}={seed} runs it again");
    for keeps_keys in [false, true] {
        println!("a create whose outcome is unknown is found by its {}", found_by(keeps_keys));
        let mut trial = Trial::new(seed, keeps_keys).await;
        let (rounds, missed) = trial.rounds().await;
        println!("{rounds} rounds, of which {missed} did not come to their moment");
        assert!(missed * 2 <= rounds, "most kills were meant to hit a step of a write-back");
        trial.verdict().await;
    }
}

const fn found_by(keeps_keys: bool) -> &'static str {
    if keeps_keys { "key" } else { "contents" }
}

/// A run of the loop.
struct Trial {
    world: World,
    callers: Callers,
    others: Others,
    rng: Rng,
}

impl Trial {
    /// A remote that has a few records, and either heeds and keeps keys or knows none.
    async fn new(seed: u64, keeps_keys: bool) -> Self {
        let mut settings = vec![("MIRROR__MAX_REMOVED", "100")];
        if keeps_keys {
            settings.push(("MIRROR__IDEMPOTENCY_HEADER", "Idempotency-Key"));
            settings.push(("MIRROR__MARKER_FIELD", "clientKey"));
        }
        let options =
            Options { seed_posts: Some(4), idempotency: keeps_keys, ..Options::default() };
        let world = World::with(options, &settings).await;
        world.runs("load").await;
        let rng = Rng::with_seed(seed);
        let callers = Callers::new(world.store.clone(), rng.clone());
        Self { world, callers, others: Others::default(), rng }
    }

    /// Kills each program at each moment, in an order of the seed, and again while there is time. Returns how
    /// many rounds there were, and how many of them missed their moment.
    async fn rounds(&mut self) -> (usize, usize) {
        let (began, mut rounds, mut missed) = (Instant::now(), 0, 0);
        while rounds == 0 || began.elapsed() < LASTS {
            let each = |moment| Victim::ALL.map(|victim| (victim, moment));
            let mut kills = Moment::ALL.into_iter().flat_map(each).collect::<Vec<_>>();
            self.rng.shuffle(&mut kills);
            let is_first = rounds == 0;
            for (victim, moment) in kills {
                if !is_first && began.elapsed() >= LASTS {
                    break;
                }
                rounds += 1;
                let is_hit = self.round(victim, moment).await;
                println!("round {rounds}: {victim:?} {moment:?}, hit {is_hit}");
                missed += usize::from(!is_hit);
            }
        }
        (rounds, missed)
    }

    /// Kills a program at a moment. Returns whether it came to that.
    async fn round(&mut self, victim: Victim, moment: Moment) -> bool {
        self.callers.see(&self.world).await;
        self.callers.leave_something_to_send().await;
        let sent = self.callers.sent.clone();
        let World { remote, stack, worker, .. } = &mut self.world;
        let armed = moment.arm(remote, &mut self.rng);
        let (is_hit, (), ()) = tokio::join!(
            async {
                let killed = kill(stack, remote.steering(), victim, &armed);
                let (is_hit, ()) = tokio::join!(killed, ask(worker, moment.task()));
                is_hit
            },
            self.callers.write(),
            self.others.change(remote, &sent, &mut self.rng),
        );
        // Of a store that was killed, the end of the run may not be stored.
        stack.store_runs(END_HOLD).await;
        self.callers.known.note(&self.others.done);
        self.callers.look_up().await;
        // Else what is open meets the next kill.
        for task in ["flush", "load"] {
            if self.rng.bool() {
                ask(&self.world.worker, task).await;
            }
        }
        is_hit
    }
}

/// Kills a program at a moment, heals the remote, and starts it again.
async fn kill(
    stack: &mut Stack,
    steering: &Steering,
    victim: Victim,
    armed: &moment::Armed,
) -> bool {
    let is_hit = armed.reached(stack, steering).await;
    victim.program(stack).kill().await;
    steering.clear();
    armed.over(steering).await;
    if victim == Victim::Worker {
        stack.store_runs(END_HOLD).await;
    }
    victim.program(stack).start().await;
    stack.ready().await;
    is_hit
}

/// Asks for a run, whatever comes of it.
async fn ask(worker: &TestClient, task: &str) {
    let path = format!("/v1/mirror/{task}");
    let request = worker.request("POST".parse().unwrap(), &path).json(&json!(null));
    // The worker may be killed.
    let _ = request.send().await;
}
