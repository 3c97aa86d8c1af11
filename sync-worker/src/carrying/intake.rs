//! One period of consuming from a sync queue, on a channel of its own. Messages that are not
//! settled when the channel closes are delivered again.

use std::mem;
use std::num::NonZeroU16;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery as DeliveredMessage;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use program_kit::batching;
use program_kit::broker::{BrokerError, in_time};
use shared_models::fault_switch::Guard;
use tokio::time::{Instant, timeout_at};

use super::SessionError;
use super::settlement::{Run, Settlement};

/// A consumer, and the channel on which its messages are settled.
pub(super) struct Intake {
    channel: Channel,
    consumer: Consumer,
    collected: Collected,
    /// The number of messages in the previous batch.
    previous: usize,
    reply_timeout: Duration,
}

/// The messages of the batch that is being collected.
#[derive(Default)]
struct Collected {
    deliveries: Vec<DeliveredMessage>,
    bytes: usize,
}

impl Collected {
    fn take(
        &mut self,
        arrived: Option<lapin::Result<DeliveredMessage>>,
    ) -> Result<(), SessionError> {
        let delivery = arrived.ok_or(SessionError::Cancelled)?.map_err(BrokerError::from)?;
        self.bytes += delivery.data.len();
        self.deliveries.push(delivery);
        Ok(())
    }
}

impl Intake {
    /// Opens the channel and starts the consumer.
    pub(super) async fn open(
        connection: &Connection,
        queue: &str,
        prefetch: NonZeroU16,
        reply_timeout: Duration,
    ) -> Result<Self, BrokerError> {
        let channel = in_time(reply_timeout, connection.create_channel()).await?;
        let qos = channel.basic_qos(prefetch.get(), BasicQosOptions::default());
        in_time(reply_timeout, qos).await?;
        let no_ack = Guard::Ack.is_off();
        let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
        let none = FieldTable::default();
        let consuming = channel.basic_consume(queue.into(), "sync-worker".into(), options, none);
        let consumer = in_time(reply_timeout, consuming).await?;
        let (collected, previous) = (Collected::default(), 0);
        Ok(Self { channel, consumer, collected, previous, reply_timeout })
    }

    /// Waits for a message, then takes the others that have arrived; if the previous batch had
    /// several, waits a moment for more. Cancel-safe.
    pub(super) async fn collect(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<Vec<DeliveredMessage>, SessionError> {
        if self.collected.deliveries.is_empty() {
            let first = self.consumer.next().await;
            self.collected.take(first)?;
        }
        let until = Instant::now() + batching::delay(self.previous);
        while self.collected.deliveries.len() < max_messages && self.collected.bytes < max_bytes {
            let next = match self.consumer.next().now_or_never() {
                None if self.previous > 1 => timeout_at(until, self.consumer.next()).await.ok(),
                arrived => arrived,
            };
            match next {
                Some(arrived) => self.collected.take(arrived)?,
                None => break,
            }
        }
        let Collected { deliveries, .. } = mem::take(&mut self.collected);
        self.previous = deliveries.len();
        Ok(deliveries)
    }

    /// Cancels the consumer; its unsettled messages can still be settled.
    pub(super) async fn cancel(&self) -> Result<(), BrokerError> {
        let options = BasicCancelOptions::default();
        in_time(self.reply_timeout, self.channel.basic_cancel(self.consumer.tag(), options)).await
    }

    /// Settles messages. A run extends back to the one before it, so their sequence matters.
    pub(super) async fn settle(&self, runs: &[Run]) -> Result<(), BrokerError> {
        if Guard::Ack.is_off() {
            return Ok(());
        }
        for Run { last, settlement } in runs {
            let give_back = BasicNackOptions { multiple: true, requeue: true };
            let settling = async {
                match settlement {
                    Settlement::Ack => {
                        self.channel.basic_ack(*last, BasicAckOptions { multiple: true }).await
                    }
                    Settlement::GiveBack => self.channel.basic_nack(*last, give_back).await,
                }
            };
            in_time(self.reply_timeout, settling).await?;
        }
        Ok(())
    }

    /// Closes the channel, which gives back every unsettled message.
    pub(super) async fn close(self) -> Result<(), BrokerError> {
        let closing = self.channel.close(200, "consuming ends".into());
        in_time(self.reply_timeout, closing).await
    }
}
