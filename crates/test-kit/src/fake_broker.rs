//! A broker that answers as a test tells it to: just enough of AMQP 0-9-1 for a client that
//! publishes on one channel.

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, gen_frame, parse_frame};
use amq_protocol::protocol::AMQPClass::{self, Basic, Channel, Confirm, Connection};
use amq_protocol::protocol::{BasicProperties, basic, channel, confirm, connection};
use program_kit::broker::BrokerUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The channel on which messages are published.
const CHANNEL: u16 = 1;

/// The length of a frame's header.
const HEADER: usize = 7;

/// A broker that accepts connections one by one.
pub struct FakeBroker(TcpListener);

/// A connection on which messages are published with confirms.
pub struct FakeConnection {
    reads: OwnedReadHalf,
    writes: OwnedWriteHalf,
}

impl FakeBroker {
    /// Starts a broker on a free port.
    pub async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Returns the URL for a program that uses it.
    #[must_use]
    pub fn url(&self) -> BrokerUrl {
        let address = self.0.local_addr().unwrap();
        BrokerUrl::try_from(format!("amqp://fake:fake@{address}/%2f?heartbeat=0")).unwrap()
    }

    /// Accepts the next connection, and opens its channel.
    pub async fn accept(&self) -> FakeConnection {
        let (socket, _) = self.0.accept().await.unwrap();
        // Frames are small, and must not wait for each other.
        socket.set_nodelay(true).unwrap();
        FakeConnection::open(socket).await
    }
}

impl FakeConnection {
    async fn open(mut socket: TcpStream) -> Self {
        let mut protocol = [0; 8];
        socket.read_exact(&mut protocol).await.unwrap();
        let (reads, writes) = socket.into_split();
        let mut this = Self { reads, writes };
        let start = connection::Start {
            version_major: 0,
            version_minor: 9,
            server_properties: Default::default(),
            mechanisms: "PLAIN".into(),
            locales: "en_US".into(),
        };
        let tune = connection::Tune { channel_max: 10, frame_max: 16 * 1024, heartbeat: 0 };
        let open = connection::AMQPMethod::OpenOk(connection::OpenOk {});
        this.send(0, Connection(connection::AMQPMethod::Start(start))).await;
        this.receive().await;
        this.send(0, Connection(connection::AMQPMethod::Tune(tune))).await;
        this.receive().await;
        this.receive().await;
        this.send(0, Connection(open)).await;
        this.receive().await;
        let open = channel::AMQPMethod::OpenOk(channel::OpenOk {});
        this.send(CHANNEL, Channel(open)).await;
        this.receive().await;
        let select = confirm::AMQPMethod::SelectOk(confirm::SelectOk {});
        this.send(CHANNEL, Confirm(select)).await;
        this
    }

    /// Returns the properties of the next message.
    pub async fn published(&mut self) -> BasicProperties {
        loop {
            if let AMQPFrame::Header(_, header) = self.receive().await {
                return header.properties;
            }
        }
    }

    /// Returns a message to the client: there is no queue for it.
    pub async fn give_back(&mut self, properties: &BasicProperties) {
        let returned = basic::Return {
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
            exchange: "store.events".into(),
            routing_key: "order.created".into(),
        };
        self.send(CHANNEL, Basic(basic::AMQPMethod::Return(returned))).await;
        let properties = properties.clone();
        let header = AMQPContentHeader { class_id: 60, body_size: 2, properties };
        self.write(AMQPFrame::Header(CHANNEL, header)).await;
        self.write(AMQPFrame::Body(CHANNEL, b"{}".to_vec())).await;
    }

    /// Confirms a message, or all up to it.
    pub async fn ack(&mut self, delivery_tag: u64, multiple: bool) {
        let ack = basic::Ack { delivery_tag, multiple };
        self.send(CHANNEL, Basic(basic::AMQPMethod::Ack(ack))).await;
    }

    /// Refuses a message, or all up to it.
    pub async fn nack(&mut self, delivery_tag: u64, multiple: bool) {
        let nack = basic::Nack { delivery_tag, multiple, requeue: false };
        self.send(CHANNEL, Basic(basic::AMQPMethod::Nack(nack))).await;
    }

    /// Blocks the connection.
    pub async fn block(&mut self, reason: &str) {
        let blocked = connection::Blocked { reason: reason.into() };
        self.send(0, Connection(connection::AMQPMethod::Blocked(blocked))).await;
    }

    /// Unblocks the connection.
    pub async fn unblock(&mut self) {
        let unblocked = connection::AMQPMethod::Unblocked(connection::Unblocked {});
        self.send(0, Connection(unblocked)).await;
    }

    /// Closes the channel, as RabbitMQ does if the exchange is missing.
    pub async fn close_channel(&mut self, reply_code: u16, reason: &str) {
        let close =
            channel::Close { reply_code, reply_text: reason.into(), class_id: 60, method_id: 40 };
        self.send(CHANNEL, Channel(channel::AMQPMethod::Close(close))).await;
    }

    /// Waits until the client has read everything that was sent to it.
    pub async fn is_heard(&mut self) {
        let flow = channel::AMQPMethod::Flow(channel::Flow { active: true });
        self.send(CHANNEL, Channel(flow)).await;
        let heard = |frame: &AMQPFrame| {
            matches!(frame, AMQPFrame::Method(_, Channel(channel::AMQPMethod::FlowOk(_))))
        };
        while !heard(&self.receive().await) {}
    }

    /// Waits until the client has closed the connection.
    pub async fn is_closed(&mut self) {
        let mut rest = vec![];
        let _ = self.reads.read_to_end(&mut rest).await;
    }

    async fn send(&mut self, channel: u16, method: AMQPClass) {
        self.write(AMQPFrame::Method(channel, method)).await;
    }

    async fn write(&mut self, frame: AMQPFrame) {
        let written = gen_frame(&frame)(Vec::new().into()).unwrap();
        self.writes.write_all(&written.into_inner().0).await.unwrap();
    }

    async fn receive(&mut self) -> AMQPFrame {
        let mut frame = vec![0; HEADER];
        self.reads.read_exact(&mut frame).await.unwrap();
        let length = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
        frame.resize(HEADER + usize::try_from(length).unwrap() + 1, 0);
        self.reads.read_exact(&mut frame[HEADER..]).await.unwrap();
        parse_frame(frame.as_slice()).unwrap().1
    }
}
