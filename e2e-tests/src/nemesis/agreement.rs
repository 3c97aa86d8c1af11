//! After all is healed: whether the sites come to agree, how soon, and whether anything is left over.

use std::time::{Duration, Instant};

use shared_models::site::Site;
use tokio::time::sleep;

use super::both::Both;
use super::broker::Depths;
use super::databases::Standing;
use super::violation::{Rule, Violation};
use super::world::World;

/// "Within seconds."
pub const IN_TIME: Duration = Duration::from_secs(30);
/// What takes longer is broken; this long it is still watched, to tell slow from never.
const AT_ALL: Duration = Duration::from_secs(400);
/// How long it may take until nothing is in the queues. (RabbitMQ counts every five seconds.)
const QUIET: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// What came of waiting for the sites to agree.
#[derive(Debug, Default)]
pub struct Agreement {
    /// How long it took; none where they did not.
    pub took: Option<Duration>,
    /// Messages left in the parked queues.
    pub parked: u64,
    /// What was wrong.
    pub violations: Vec<Violation>,
}

/// Waits until both sites are equal and have nothing more to tell; then until nothing is left in the
/// queues. `began` is when all was healed.
pub async fn reach(world: &World, began: Instant) -> Agreement {
    let mut agreement = Agreement::default();
    let mut last = None;
    let mut late = false;
    while began.elapsed() < AT_ALL {
        let standings = standings(world).await;
        if standings.as_ref().is_some_and(|both| is_agreement(&both.store, &both.warehouse)) {
            agreement.took = Some(began.elapsed());
            break;
        }
        last = standings;
        if began.elapsed() > IN_TIME && !late {
            late = true;
            let how = describe(world, last.as_ref()).await;
            let why = format!("not within {IN_TIME:?}: {how}");
            agreement.violations.push(Violation::of_all(Rule::Agrees, why));
        }
        sleep(PAUSE).await;
    }
    match agreement.took {
        Some(took) if late => {
            let why = format!("they agree after {:.1} s", took.as_secs_f64());
            agreement.violations.push(Violation::of_all(Rule::Agrees, why));
        }
        Some(_) => {}
        None => {
            let how = describe(world, last.as_ref()).await;
            let why = format!("not within {AT_ALL:?}: {how}");
            agreement.violations.push(Violation::of_all(Rule::Agrees, why));
            return agreement;
        }
    }
    match quiet(world).await {
        Ok(parked) => agreement.parked = parked,
        Err(why) => agreement.violations.push(Violation::of_all(Rule::Agrees, why)),
    }
    agreement
}

async fn standings(world: &World) -> Option<Both<Standing>> {
    let [store, warehouse] = Site::ALL.map(|site| world.databases.standing(site));
    let (store, warehouse) = tokio::try_join!(store, warehouse).ok()?;
    Some(Both { store, warehouse })
}

fn is_agreement(store: &Standing, warehouse: &Standing) -> bool {
    let nothing_to_tell = |site: &Standing| site.outbox == 0 && site.offers == 0;
    store == warehouse && nothing_to_tell(store) && nothing_to_tell(warehouse)
}

/// Waits until the sync queues are empty, and says how much is parked.
async fn quiet(world: &World) -> Result<u64, String> {
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < QUIET {
        match world.broker.depths().await {
            Ok(Some(Depths { waiting: 0, parked })) => return Ok(parked),
            depths => last = depths.ok().flatten(),
        }
        sleep(PAUSE).await;
    }
    Err(format!("after {QUIET:?} there is still something in the queues: {last:?}"))
}

/// How everybody is doing, for whoever looks into it.
async fn describe(world: &World, standings: Option<&Both<Standing>>) -> String {
    let mut told = vec![format!("{standings:?}")];
    told.push(format!("queues {:?}", world.broker.depths().await.ok().flatten()));
    for (part, path) in world.self_descriptions() {
        let answer = match reqwest::get(&path).await {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        told.push(format!("{part}: {answer}"));
    }
    told.join("\n    ")
}
