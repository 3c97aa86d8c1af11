//! One stretch of consuming from a sync queue, on a channel of its own. What is not settled when
//! the channel closes, RabbitMQ hands out again.

use std::num::NonZeroU16;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use service_kit::broker::{BrokerError, in_time};
use shared_models::unguarded::Guard;

use super::interrupted::Interrupted;
use super::settlement::{Run, Settlement};

/// A consumer, and the channel on which its messages are settled.
pub(super) struct Intake {
    channel: Channel,
    consumer: Consumer,
    reply_timeout: Duration,
}

impl Intake {
    pub(super) async fn open(
        connection: &Connection,
        queue: &'static str,
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
        Ok(Self { channel, consumer, reply_timeout })
    }

    /// Waits for a message, then takes what else has already arrived. May be dropped while it
    /// waits.
    pub(super) async fn gather(
        &mut self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<Vec<Delivery>, Interrupted> {
        let mut next = Some(self.consumer.next().await);
        let (mut batch, mut bytes) = (vec![], 0);
        while let Some(arrived) = next {
            let delivery = arrived.ok_or(Interrupted::Cancelled)?.map_err(BrokerError::from)?;
            bytes += delivery.data.len();
            batch.push(delivery);
            let is_full = batch.len() >= max_messages || bytes >= max_bytes;
            next = if is_full { None } else { self.consumer.next().now_or_never() };
        }
        Ok(batch)
    }

    /// Takes nothing more; what is unsettled can still be settled.
    pub(super) async fn cancel(&self) -> Result<(), BrokerError> {
        let options = BasicCancelOptions::default();
        in_time(self.reply_timeout, self.channel.basic_cancel(self.consumer.tag(), options)).await
    }

    /// Settles messages. A run reaches back to the one before it, so their order matters.
    pub(super) async fn settle(&self, runs: &[Run]) -> Result<(), BrokerError> {
        if Guard::Ack.is_off() {
            return Ok(());
        }
        for Run { last, settlement } in runs {
            let nack = |requeue| BasicNackOptions { multiple: true, requeue };
            let settling = async {
                match settlement {
                    Settlement::Ack => {
                        self.channel.basic_ack(*last, BasicAckOptions { multiple: true }).await
                    }
                    Settlement::Park => self.channel.basic_nack(*last, nack(false)).await,
                    Settlement::GiveBack => self.channel.basic_nack(*last, nack(true)).await,
                }
            };
            in_time(self.reply_timeout, settling).await?;
        }
        Ok(())
    }

    /// Gives back whatever is not settled.
    pub(super) async fn close(self) -> Result<(), BrokerError> {
        let closing = self.channel.close(200, "enough for now".into());
        in_time(self.reply_timeout, closing).await
    }
}
