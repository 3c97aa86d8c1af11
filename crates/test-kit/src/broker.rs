//! A vhost for one test, and operations on it.

use futures_util::future::join_all;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
    QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Queue};
use program_kit::broker::{BrokerSettings, Connection, connect};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::broker_user::{ADMINISTRATOR, BrokerUser, permissions, settings};
use super::{eventually, http, variable};

/// A vhost that is deleted when the test is over. The users of the programs have the permissions in
/// it that `deploy/rabbitmq/definitions.json` gives them.
pub struct TestBroker {
    vhost: String,
    connection: Connection,
}

impl TestBroker {
    /// Creates a fresh vhost.
    pub async fn new() -> Self {
        let vhost = format!("test_{}", Uuid::new_v4().simple());
        request(Method::PUT, &["vhosts", &vhost], Some(json!({}))).await;
        let permit = async |permission: Value| {
            let user = permission["user"].as_str().unwrap();
            request(Method::PUT, &["permissions", &vhost, user], Some(permission.clone())).await
        };
        join_all(permissions().into_iter().map(permit)).await;
        let connection = connect(&settings(ADMINISTRATOR, &vhost), "test").await.unwrap();
        Self { vhost, connection }
    }

    /// Returns the settings for a program that uses it.
    #[must_use]
    pub fn settings(&self, user: BrokerUser) -> BrokerSettings {
        settings(user.url(), &self.vhost)
    }

    /// Returns the URL for a program that uses it.
    #[must_use]
    pub fn url(&self, user: BrokerUser) -> String {
        self.settings(user).url.expose().to_owned()
    }

    /// Opens a channel for the test itself, with all permissions.
    pub async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }

    /// Counts the messages of a queue that are ready for delivery; `None` if there is no such
    /// queue.
    pub async fn queue_depth(&self, queue: &str) -> Option<u32> {
        self.ask_for(queue).await.map(|queue| queue.message_count())
    }

    /// Counts the messages in a queue after its last consumer, which was told to stop, is gone and
    /// its unacknowledged messages are back.
    pub async fn left_in(&self, queue: &str) -> u32 {
        let left = async || {
            let queue = self.ask_for(queue).await?;
            (queue.consumer_count() == 0).then(|| queue.message_count())
        };
        eventually("the last consumer is gone", left).await
    }

    async fn ask_for(&self, queue: &str) -> Option<Queue> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = self.channel().await;
        asked.queue_declare(queue.into(), passive, FieldTable::default()).await.ok()
    }

    /// Takes a message out of a queue.
    pub async fn take(&self, queue: &str) -> Option<Vec<u8>> {
        let options = BasicGetOptions { no_ack: true };
        let message = self.channel().await.basic_get(queue.into(), options).await.unwrap();
        message.map(|message| message.delivery.data)
    }

    /// Publishes a message; returns whether a queue took it.
    pub async fn publish(&self, exchange: &str, routing_key: &str, body: &[u8]) -> bool {
        self.publish_all(exchange, routing_key, &[body]).await
    }

    /// Publishes messages; returns whether a queue took each of them.
    pub async fn publish_all(
        &self,
        exchange: &str,
        routing_key: &str,
        bodies: &[impl AsRef<[u8]>],
    ) -> bool {
        let channel = self.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut all = true;
        for body in bodies {
            let properties = BasicProperties::default().with_delivery_mode(2);
            let (exchange, key, body) = (exchange.into(), routing_key.into(), body.as_ref());
            let published = channel.basic_publish(exchange, key, options, body, properties).await;
            all &= match published.unwrap().await.unwrap() {
                Confirmation::Ack(returned) => returned.is_none(),
                Confirmation::Nack(_) | Confirmation::NotRequested => false,
            };
        }
        all
    }

    /// Deletes the messages of a queue that are ready for delivery; returns how many there were.
    pub async fn purge(&self, queue: &str) -> u32 {
        let options = QueuePurgeOptions::default();
        self.channel().await.queue_purge(queue.into(), options).await.unwrap()
    }

    /// Deletes a queue and its messages.
    pub async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions::default();
        self.channel().await.queue_delete(queue.into(), options).await.unwrap();
    }

    /// Suspends a queue's process: it stays declared, but does not answer any more.
    pub async fn deafen(&self, queue: &str) {
        self.evaluate(&format!("sys:suspend(whereis('{}'))", self.process_of(queue))).await;
    }

    /// Resumes the process of a queue that was suspended.
    pub async fn undeafen(&self, queue: &str) {
        self.evaluate(&format!("sys:resume(whereis('{}'))", self.process_of(queue))).await;
    }

    /// Stops a quorum queue's process for good; the queue stays declared.
    pub async fn stop_process_of(&self, queue: &str) {
        let process = self.process_of(queue);
        self.evaluate(&format!("ra:stop_server(quorum_queues, {{'{process}', node()}})")).await;
    }

    fn process_of(&self, queue: &str) -> String {
        format!("{}_{queue}", self.vhost)
    }

    /// Evaluates an Erlang expression, which must return `ok`, in RabbitMQ.
    async fn evaluate(&self, expression: &str) {
        let mut command = tokio::process::Command::new(variable("LOCKSTEP_TEST_RABBITMQCTL"));
        let output = command.args(["eval", &format!("{expression}.")]).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.trim() == "ok", "{expression}: {output:?}");
    }

    /// Sets the permissions of a program's user in the vhost, as regular expressions on names.
    pub async fn permit(&self, user: &str, configure: &str, write: &str, read: &str) {
        let may = json!({"configure": configure, "write": write, "read": read});
        request(Method::PUT, &["permissions", &self.vhost, user], Some(may)).await;
    }

    /// Restores the usual permissions of a program's user.
    pub async fn permit_as_usual(&self, user: &str) {
        let usual = permissions().into_iter().find(|permission| permission["user"] == user);
        request(Method::PUT, &["permissions", &self.vhost, user], usual).await;
    }

    /// Returns whether a queue, which must exist, is bound to an exchange.
    pub async fn is_bound(&self, exchange: &str, queue: &str) -> bool {
        let path = ["bindings", &self.vhost, "e", exchange, "q", queue];
        let listed = request(Method::GET, &path, None).await;
        let bindings: Vec<Value> = listed.json().await.unwrap();
        !bindings.is_empty()
    }

    /// Deletes a binding.
    pub async fn delete_binding(&self, exchange: &str, queue: &str, routing_key: &str) {
        let (queue, exchange, key) = (queue.into(), exchange.into(), routing_key.into());
        let none = FieldTable::default();
        self.channel().await.queue_unbind(queue, exchange, key, none).await.unwrap();
    }

    /// Returns the connections of this name, as the management API lists them: some seconds late.
    pub async fn connections(&self, name: &str) -> Vec<String> {
        let listed = request(Method::GET, &["vhosts", &self.vhost, "connections"], None).await;
        let connections: Vec<Value> = listed.json().await.unwrap();
        let named = |it: &&Value| it["client_properties"]["connection_name"] == name;
        let id = |it: &Value| it["name"].as_str().unwrap().to_owned();
        connections.iter().filter(named).map(id).collect()
    }

    /// Kills a connection through the management API.
    pub async fn kill_connection(&self, id: &str) {
        request(Method::DELETE, &["connections", id], None).await;
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let vhost = self.vhost.clone();
        // The test's own runtime may be ending; a separate thread completes this.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(request(Method::DELETE, &["vhosts", &vhost], None));
        });
        let _ = dropping.join();
    }
}

/// Sends a request to the management API; panics if it is refused.
async fn request(method: Method, path: &[&str], body: Option<Value>) -> Response {
    let mut request = http().build().unwrap().request(method, api(path));
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap().error_for_status().unwrap()
}

fn api(path: &[&str]) -> Url {
    let mut url: Url = variable("LOCKSTEP_TEST_RABBITMQ_API_URL").parse().expect("a URL");
    url.path_segments_mut().unwrap().pop_if_empty().push("api").extend(path);
    url
}
