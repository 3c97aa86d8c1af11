//! The broker's management API: what is in the queues, and what somebody deletes.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Client, Method, Url};
use serde::Deserialize;
use shared_models::names::{ORDER_EVENTS, exchange, queue, queue_lock};
use shared_models::side::Direction;
use test_kit::http;

/// RabbitMQ may be stopped just now.
const LIMIT: Duration = Duration::from_secs(5);

/// The end of a parked queue's name, of any generation.
const PARKED: &str = ".parked";

/// The management API.
#[derive(Clone, Debug)]
pub struct Broker {
    http: Client,
    api: Url,
}

/// The depths of the queues, some seconds ago.
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

impl Depths {
    /// Counts the messages in these queues, of every generation; `None` where a direction has no
    /// queue of a kind.
    fn of(queues: &[Queue]) -> Option<Self> {
        let sum = |direction, is_parked| {
            let is_one = |it: &&Queue| {
                it.name.starts_with(queue(direction))
                    && it.name != queue_lock(direction)
                    && it.name.ends_with(PARKED) == is_parked
            };
            queues.iter().filter(is_one).map(|queue| queue.messages).reduce(|sum, more| sum + more)
        };
        let all = |is_parked| {
            let sums = Direction::ALL.map(|direction| sum(direction, is_parked));
            sums.into_iter().sum::<Option<u64>>()
        };
        Some(Self { waiting: all(false)?, parked: all(true)? })
    }
}

impl Broker {
    /// The API at this URL, which holds user and password.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { http: http().timeout(LIMIT).build()?, api: url.parse()? })
    }

    /// Returns the depths of the queues; `None` where one is missing.
    pub async fn depths(&self) -> Result<Option<Depths>> {
        let answer = self.http.get(self.at(&["queues", "/"])).send().await?.error_for_status()?;
        let queues: Vec<Queue> = answer.json().await?;
        Ok(Depths::of(&queues))
    }

    /// Deletes a direction's binding; tells whether there was one, as the others do.
    pub async fn delete_binding(&self, direction: Direction) -> Result<bool> {
        let (queue, exchange) = (queue(direction), exchange(direction.from));
        self.delete(&["bindings", "/", "e", exchange, "q", queue, ORDER_EVENTS]).await
    }

    /// Deletes a direction's sync queue, with what is in it.
    pub async fn delete_queue(&self, direction: Direction) -> Result<bool> {
        self.delete(&["queues", "/", queue(direction)]).await
    }

    /// Deletes what is in a direction's sync queue and with nobody.
    pub async fn purge(&self, direction: Direction) -> Result<bool> {
        self.delete(&["queues", "/", queue(direction), "contents"]).await
    }

    async fn delete(&self, path: &[&str]) -> Result<bool> {
        let url = self.at(path);
        let status = self.http.request(Method::DELETE, url).send().await?.status();
        // What another fault has deleted is gone already.
        ensure!(status.is_success() || status == 404, "RabbitMQ answered {status}");
        Ok(status.is_success())
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use shared_models::names::QueueGeneration;

    use super::*;

    /// The queues of a generation of a direction, with so much in them.
    fn queues(of: QueueGeneration, waiting: u64, parked: u64) -> [Queue; 2] {
        let parked = Queue { name: of.parked_queue(), messages: parked };
        [Queue { name: of.queue(), messages: waiting }, parked]
    }

    #[test]
    fn what_waits_is_counted_in_every_generation_and_not_in_the_lock() {
        let [first, other] = Direction::ALL.map(QueueGeneration::first);
        let lock = Queue { name: queue_lock(first.direction).to_owned(), messages: 1_000 };
        let mut all = Vec::from(queues(first, 1, 2));
        all.push(lock);
        assert_eq!(Depths::of(&all), None, "a direction has none");
        all.extend(queues(other, 10, 20));
        assert_eq!(Depths::of(&all), Some(Depths { waiting: 11, parked: 22 }));
        // While the next one is used, the first may hold something; then it is retired.
        let next = first.next();
        all.extend(queues(next, 100, 200));
        assert_eq!(Depths::of(&all), Some(Depths { waiting: 111, parked: 222 }));
        all.retain(|it| it.name != first.queue() && it.name != first.parked_queue());
        assert_eq!(Depths::of(&all), Some(Depths { waiting: 110, parked: 220 }));
        all.retain(|it| it.name != next.queue());
        assert_eq!(Depths::of(&all), None, "and the lock is no queue of it");
    }
}
