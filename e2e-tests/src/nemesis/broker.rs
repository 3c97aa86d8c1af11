//! The broker's management API: what is in the queues, and what somebody deletes.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Client, Method, Url};
use serde::Deserialize;
use service_kit::testing::http;
use shared_models::names::{ORDER_EVENTS, exchange, parked_queue, queue};
use shared_models::site::Direction;

/// RabbitMQ may be stopped just now.
const LIMIT: Duration = Duration::from_secs(5);

/// The management API.
#[derive(Clone, Debug)]
pub struct Broker {
    http: Client,
    api: Url,
}

/// What is in the queues, some seconds ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// In the sync queues, with what the workers hold.
    pub waiting: u64,
    /// In the parked queues.
    pub parked: u64,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
    #[serde(default)]
    messages: u64,
}

impl Broker {
    /// The API at this URL, which holds user and password.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { http: http().timeout(LIMIT).build()?, api: url.parse()? })
    }

    /// What is in the queues; none where they are not all there.
    pub async fn depths(&self) -> Result<Option<Depths>> {
        let answer = self.http.get(self.at(&["queues", "/"])).send().await?.error_for_status()?;
        let queues: Vec<Queue> = answer.json().await?;
        let depth = |name: &str| queues.iter().find(|queue| queue.name == name);
        let all = |name: fn(Direction) -> &'static str| {
            let depths = Direction::ALL.map(|direction| depth(name(direction)));
            depths.into_iter().map(|queue| Some(queue?.messages)).sum::<Option<u64>>()
        };
        let (waiting, parked) = (all(queue), all(parked_queue));
        Ok(waiting.zip(parked).map(|(waiting, parked)| Depths { waiting, parked }))
    }

    /// Deletes a direction's binding.
    pub async fn delete_binding(&self, direction: Direction) -> Result<()> {
        let (queue, exchange) = (queue(direction), exchange(direction.from));
        self.delete(&["bindings", "/", "e", exchange, "q", queue, ORDER_EVENTS]).await
    }

    /// Deletes a direction's sync queue, with what is in it.
    pub async fn delete_queue(&self, direction: Direction) -> Result<()> {
        self.delete(&["queues", "/", queue(direction)]).await
    }

    /// Deletes what is in a direction's sync queue and with nobody.
    pub async fn purge(&self, direction: Direction) -> Result<()> {
        self.delete(&["queues", "/", queue(direction), "contents"]).await
    }

    async fn delete(&self, path: &[&str]) -> Result<()> {
        let url = self.at(path);
        let status = self.http.request(Method::DELETE, url).send().await?.status();
        // What another fault has deleted is gone already.
        ensure!(status.is_success() || status == 404, "RabbitMQ answered {status}");
        Ok(())
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        url
    }
}
