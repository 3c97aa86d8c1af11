//! Random clients with cursors, that upload late and again, remove, lose answers, and find the service
//! restarted: at the end all of them and the server are equal.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};
use test_kit::{TestService, eventually};
use warehouse_svc::{PROGRAM, records};

use super::{Device, READINGS, data};

/// What a client or the server knows: the date, and the expiration unless it is removed.
type Known = BTreeMap<String, (String, Option<String>)>;

/// A client that keeps readings of its own.
struct Client {
    device: Device,
    known: Known,
    /// Readings that are not uploaded yet, or perhaps not.
    waiting: Vec<Value>,
    /// Readings that were uploaded, to be uploaded again.
    sent: Vec<Value>,
}

fn state(record: &Value) -> (String, Option<String>) {
    let text = |field: &str| record[field].as_str().map(str::to_owned);
    (text("updated_at").unwrap(), text("expiration_date").filter(|_| record["deleted"] != true))
}

impl Client {
    fn new(service: &TestService) -> Self {
        let device = Device::new(&service.client);
        Self { device, known: Known::new(), waiting: vec![], sent: vec![] }
    }

    /// Takes a reading or removes one, dated anywhere in some minutes, whatever is known. Of several with
    /// one date the server decides which stands.
    fn take(&mut self, rng: &mut Rng) {
        let gtin = rng.u8(0..12).to_string();
        let updated_at = format!("2026-11-20T10:{:02}:{:02}Z", rng.u8(0..8), rng.u8(0..2));
        let mut record = json!({"gtin": gtin, "updated_at": updated_at});
        match rng.u8(0..4) {
            0 => record["deleted"] = json!(true),
            _ => record["expiration_date"] = json!(format!("2027-01-{:02}", rng.u8(1..29))),
        }
        self.learn(&record);
        self.waiting.push(record);
    }

    /// Takes a reading over, unless its own is newer.
    fn learn(&mut self, record: &Value) {
        let (gtin, new) = (record["gtin"].as_str().unwrap().to_owned(), state(record));
        if self.known.get(&gtin).is_none_or(|(known, _)| *known <= new.0) {
            self.known.insert(gtin, new);
        }
    }

    /// Syncs once; an answer may be lost on its way. Returns whether there is more.
    async fn sync(&mut self, rng: &mut Rng, may_lose: bool) -> bool {
        let mut upload = std::mem::take(&mut self.waiting);
        if rng.u8(0..4) == 0 {
            upload.extend(rng.choice(&self.sent).cloned());
        }
        // Of several with one date in an upload the last counts, also where that is sent again.
        upload.iter().for_each(|record| self.learn(record));
        let answer = self.device.send(&upload).await.with(200);
        if may_lose && rng.u8(0..4) == 0 {
            // It does not know whether it arrived: later it sends all of it again, perhaps with more.
            self.waiting = upload;
            return true;
        }
        answer["cursor"].as_str().unwrap().clone_into(&mut self.device.cursor);
        self.sent.extend(upload);
        data(&answer).iter().for_each(|record| self.learn(record));
        answer["more"] == true
    }
}

/// Returns what stands: the server's readings, without removed ones.
async fn listed(service: &TestService) -> Known {
    let list = data(&service.client.get(&format!("{READINGS}?limit=500")).await.with(200));
    list.iter().map(|it| (it["gtin"].as_str().unwrap().to_owned(), state(it))).collect()
}

fn present(known: &Known) -> Known {
    known
        .iter()
        .filter(|(_, (_, expires))| expires.is_some())
        .map(|(a, b)| (a.clone(), b.clone()))
        .collect()
}

async fn run(seed: u64, steps: u32) {
    let mut rng = Rng::with_seed(seed);
    let mut service = TestService::start(PROGRAM.name, records()).await;
    let mut clients = (0..4).map(|_| Client::new(&service)).collect::<Vec<_>>();
    let mut newest = BTreeMap::<String, String>::new();
    for _ in 0..steps {
        let index = rng.usize(0..clients.len());
        let client = &mut clients[index];
        match rng.u8(0..40) {
            0 => {
                let database = service.stop().await;
                service = TestService::start_over(PROGRAM.name, records(), database, |_| {}).await;
                service.is_ready().await;
                clients.iter_mut().for_each(|it| it.device.client = service.client.clone());
            }
            1..20 => client.take(&mut rng),
            _ => drop(client.sync(&mut rng, true).await),
        }
    }
    for client in &mut clients {
        while client.sync(&mut rng, false).await {}
        for record in &client.sent {
            let date = newest.entry(record["gtin"].as_str().unwrap().to_owned()).or_default();
            *date = state(record).0.max(date.clone());
        }
    }
    let expected = listed(&service).await;
    for (index, client) in clients.iter_mut().enumerate() {
        // A change is not seen before all that began earlier is over; a removal is one, too.
        eventually(&format!("client {index} of seed {seed} is equal"), async || {
            while client.sync(&mut Rng::with_seed(0), false).await {}
            let dates = client.known.iter().map(|(gtin, (at, _))| (gtin.clone(), at.clone()));
            let has_all = dates.collect::<BTreeMap<_, _>>() == newest;
            (has_all && present(&client.known) == expected).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn all_clients_and_the_server_end_equal() {
    let base = fastrand::u64(..1 << 32);
    println!("seeds from {base}");
    for seed in base..base + 6 {
        run(seed, 250).await;
    }
}
