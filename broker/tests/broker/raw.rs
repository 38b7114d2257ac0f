//! A client that sends exactly the bytes it is told to.

use fleetfold_schemas::topic::DeviceTopic;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{World, device_topic, soon};

pub struct Raw {
    pub stream: TcpStream,
    v5: bool,
    next_id: u16,
}

/// A packet from the broker: its first byte and what follows the length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub first: u8,
    pub body: Vec<u8>,
}

/// A PUBLISH from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: String,
    pub qos: u8,
    pub retain: bool,
    pub id: u16,
}

/// What a CONNECT says. The defaults are those of a quiet device.
#[derive(Debug, Clone, Default)]
pub struct Connect {
    pub client_id: &'static str,
    /// The client id when empty.
    pub username: &'static str,
    /// `secret` when empty.
    pub password: &'static str,
    pub keep_alive: u16,
    /// Topic, payload, retain.
    pub will: Option<(&'static str, &'static str, bool)>,
    /// Encoded properties, v5 only.
    pub properties: &'static [u8],
    pub v5: bool,
}

pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 0x7f { 0x80 } else { 0 };
        bytes.push((length & 0x7f) as u8 | more);
        length >>= 7;
        if length == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

impl Connect {
    pub fn bytes(&self) -> Vec<u8> {
        let mut flags = 0b1100_0010;
        if let Some((_, _, retain)) = self.will {
            flags |= 0b0000_1100 | (u8::from(retain) << 5);
        }
        let mut body = b"\0\x04MQTT".to_vec();
        body.extend([if self.v5 { 5 } else { 4 }, flags]);
        body.extend(self.keep_alive.to_be_bytes());
        if self.v5 {
            body.push(u8::try_from(self.properties.len()).unwrap());
            body.extend(self.properties);
        }
        body.extend(text(self.client_id));
        if let Some((topic, payload, _)) = self.will {
            if self.v5 {
                body.push(0);
            }
            body.extend(text(topic));
            body.extend(text(payload));
        }
        let or = |given: &'static str, default| {
            if given.is_empty() { default } else { given }
        };
        body.extend(text(or(self.username, self.client_id)));
        body.extend(text(or(self.password, "secret")));
        packet(0x10, &body)
    }
}

impl Raw {
    /// A socket over which nothing has been said.
    pub async fn open(world: &World) -> Self {
        let stream = soon(TcpStream::connect(world.broker.address()))
            .await
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            v5: false,
            next_id: 0,
        }
    }

    pub async fn connect(world: &World, connect: Connect) -> Self {
        let mut raw = Self::open(world).await;
        let connack = raw.log_in(connect).await;
        assert_eq!(
            (connack.first, &connack.body[..2]),
            (0x20, &[0, 0][..]),
            "logged in"
        );
        raw
    }

    /// Sends CONNECT.
    pub async fn begin(&mut self, connect: &Connect) {
        self.v5 = connect.v5;
        self.send(&connect.bytes()).await;
    }

    /// Sends CONNECT and returns the answer.
    pub async fn log_in(&mut self, connect: Connect) -> Packet {
        self.begin(&connect).await;
        self.packet().await
    }

    /// A 3.1.1 device whose hello is in the log.
    pub async fn device(world: &mut World, id: &'static str) -> Self {
        let connect = Connect {
            client_id: id,
            ..Connect::default()
        };
        Self::admitted(world, connect).await
    }

    pub async fn admitted(world: &mut World, connect: Connect) -> Self {
        let id = connect.client_id;
        let mut raw = Self::connect(world, connect).await;
        let hello = device_topic(id, DeviceTopic::Hello).to_string();
        let packet_id = raw.publish(&hello, "hello", 1, false).await;
        let received = world.received().await;
        assert_eq!(received.topic.to_string(), hello);
        received.session.admit(None);
        received.ack.accept();
        assert_eq!(raw.puback().await, (packet_id, 0));
        raw
    }

    /// An operator of the role that is its name.
    pub async fn operator(world: &World, role: &'static str) -> Self {
        let connect = Connect {
            client_id: role,
            ..Connect::default()
        };
        Self::connect(world, connect).await
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Sends as far as the broker still listens.
    pub async fn try_send(&mut self, bytes: &[u8]) {
        let _ = soon(self.stream.write_all(bytes)).await;
    }

    /// The next packet, or `None` when the broker has closed.
    pub async fn next(&mut self) -> Option<Packet> {
        soon(async {
            let first = self.stream.read_u8().await.ok()?;
            let (mut length, mut shift) = (0_usize, 0);
            loop {
                let byte = self.stream.read_u8().await.ok()?;
                length |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.ok()?;
            Some(Packet { first, body })
        })
        .await
    }

    pub async fn packet(&mut self) -> Packet {
        self.next().await.expect("the connection is open")
    }

    /// The broker has closed, without another word.
    pub async fn closed(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// The reason of the DISCONNECT with which a v5 connection ends, and our code.
    pub async fn disconnected(&mut self) -> (u8, String) {
        let packet = self.packet().await;
        assert_eq!(packet.first, 0xE0);
        self.closed().await;
        let code = String::from_utf8(packet.body[5..].to_vec()).unwrap();
        (packet.body[0], code)
    }

    pub fn publish_packet(&mut self, topic: &str, payload: &str, qos: u8, retain: bool) -> Vec<u8> {
        let mut body = text(topic);
        if qos > 0 {
            self.next_id += 1;
            body.extend(self.next_id.to_be_bytes());
        }
        if self.v5 {
            body.push(0);
        }
        body.extend(payload.as_bytes());
        packet(0x30 | (qos << 1) | u8::from(retain), &body)
    }

    /// Returns the packet identifier.
    pub async fn publish(&mut self, topic: &str, payload: &str, qos: u8, retain: bool) -> u16 {
        let bytes = self.publish_packet(topic, payload, qos, retain);
        self.send(&bytes).await;
        self.next_id
    }

    /// The identifier and reason code of the PUBACK that comes next.
    pub async fn puback(&mut self) -> (u16, u8) {
        let packet = self.packet().await;
        assert_eq!(packet.first, 0x40, "{packet:?}");
        let id = u16::from_be_bytes([packet.body[0], packet.body[1]]);
        (id, packet.body.get(2).copied().unwrap_or(0))
    }

    /// Identifier, reason code and reason string of a v5 PUBACK.
    pub async fn puback_reason(&mut self) -> (u16, u8, String) {
        let packet = self.packet().await;
        assert_eq!(packet.first, 0x40, "{packet:?}");
        let id = u16::from_be_bytes([packet.body[0], packet.body[1]]);
        let reason = packet.body.get(7..).unwrap_or_default();
        (
            id,
            packet.body[2],
            String::from_utf8(reason.into()).unwrap(),
        )
    }

    /// Subscribes with these options and returns the code of SUBACK.
    pub async fn subscribe(&mut self, filter: &str, options: u8) -> u8 {
        self.next_id += 1;
        let mut body = self.next_id.to_be_bytes().to_vec();
        if self.v5 {
            body.push(0);
        }
        body.extend(text(filter));
        body.push(options);
        self.send(&packet(0x82, &body)).await;
        let suback = self.packet().await;
        assert_eq!(suback.first, 0x90, "{suback:?}");
        *suback.body.last().unwrap()
    }

    pub async fn unsubscribe(&mut self, filter: &str) -> Packet {
        self.next_id += 1;
        let mut body = self.next_id.to_be_bytes().to_vec();
        if self.v5 {
            body.push(0);
        }
        body.extend(text(filter));
        self.send(&packet(0xA2, &body)).await;
        self.packet().await
    }

    /// The PUBLISH that comes next.
    pub async fn message(&mut self) -> Message {
        let packet = self.packet().await;
        assert_eq!(packet.first >> 4, 3, "{packet:?}");
        let qos = (packet.first >> 1) & 3;
        let topic_end = 2 + usize::from(u16::from_be_bytes([packet.body[0], packet.body[1]]));
        let mut rest = &packet.body[topic_end..];
        let mut id = 0;
        if qos > 0 {
            id = u16::from_be_bytes([rest[0], rest[1]]);
            rest = &rest[2..];
        }
        if self.v5 {
            assert_eq!(rest[0], 0, "no properties");
            rest = &rest[1..];
        }
        Message {
            topic: String::from_utf8(packet.body[2..topic_end].into()).unwrap(),
            payload: String::from_utf8(rest.into()).unwrap(),
            qos,
            retain: packet.first & 1 == 1,
            id,
        }
    }

    pub async fn acknowledge(&mut self, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.send(&[0x40, 2, high, low]).await;
    }

    /// Everything sent before has been handled when this returns, and nothing has been answered.
    pub async fn ping(&mut self) {
        self.send(&[0xC0, 0]).await;
        let answer = self.packet().await;
        assert_eq!((answer.first, answer.body.len()), (0xD0, 0), "{answer:?}");
    }
}
