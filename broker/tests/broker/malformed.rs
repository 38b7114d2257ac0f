//! What is not MQTT ends its own connection and no other.

use crate::{
    raw::{Connect, Raw, packet, text},
    world::World,
};

fn publish(first: u8, topic: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend(topic);
    body.extend(rest);
    packet(first, &body)
}

fn subscribe(filter: &str, options: u8) -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend(text(filter));
    body.push(options);
    packet(0x82, &body)
}

const REPORT: &[u8] = b"fleet/v1/devices/d1/report";

/// Wrong in both versions, or in 3.1.1, after CONNECT.
fn broken_v4() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("packet type 0", vec![0x00, 0]),
        ("CONNACK", vec![0x20, 2, 0, 0]),
        ("SUBACK", vec![0x90, 3, 0, 1, 0]),
        ("UNSUBACK", vec![0xB0, 2, 0, 1]),
        ("PINGRESP", vec![0xD0, 0]),
        ("AUTH", vec![0xF0, 0]),
        ("PUBREC", vec![0x50, 2, 0, 1]),
        ("PUBREL", vec![0x62, 2, 0, 1]),
        ("PUBCOMP", vec![0x70, 2, 0, 1]),
        ("flags of PINGREQ", vec![0xC1, 0]),
        ("flags of SUBSCRIBE", packet(0x80, &subscribe("a", 0)[2..])),
        ("flags of PUBACK", vec![0x42, 2, 0, 1]),
        ("body of PINGREQ", vec![0xC0, 1, 0]),
        (
            "five bytes of length",
            vec![0x30, 0x80, 0x80, 0x80, 0x80, 1],
        ),
        ("QoS 3", publish(0x36, REPORT, &[0, 1])),
        ("QoS 2", publish(0x34, REPORT, &[0, 1])),
        ("DUP at QoS 0", publish(0x38, REPORT, b"")),
        ("packet id 0", publish(0x32, REPORT, &[0, 0])),
        ("no packet id", publish(0x32, REPORT, &[0])),
        ("no topic", vec![0x30, 0]),
        ("empty topic", publish(0x30, b"", b"x")),
        ("topic beyond the packet", packet(0x30, &[0, 200, b'a'])),
        ("topic not UTF-8", publish(0x30, b"a\xff", b"")),
        ("surrogate in a topic", publish(0x30, b"a\xed\xa0\x80", b"")),
        ("NUL in a topic", publish(0x30, b"a\0b", b"")),
        (
            "wildcard + in a topic",
            publish(0x30, b"fleet/v1/devices/+/report", b""),
        ),
        ("wildcard # in a topic", publish(0x30, b"fleet/#", b"")),
        ("PUBACK 0", vec![0x40, 2, 0, 0]),
        ("PUBACK cut", vec![0x40, 1, 0]),
        ("SUBSCRIBE 0", packet(0x82, &[0, 0, 0, 1, b'a', 0])),
        ("SUBSCRIBE without a filter", packet(0x82, &[0, 1])),
        (
            "SUBSCRIBE without options",
            packet(0x82, &[0, 1, 0, 1, b'a']),
        ),
        ("QoS 3 asked", subscribe("a", 3)),
        ("filter empty", subscribe("", 0)),
        ("filter a#", subscribe("a#", 0)),
        ("filter #/a", subscribe("#/a", 0)),
        ("filter a+/b", subscribe("a+/b", 0)),
        ("filter with NUL", subscribe("a\0", 0)),
        ("UNSUBSCRIBE without a filter", packet(0xA2, &[0, 1])),
        (
            "UNSUBSCRIBE of nonsense",
            packet(0xA2, &[0, 1, 0, 2, b'a', b'#']),
        ),
    ]
}

fn only_v4() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("options of version 5", subscribe("a", 0x04)),
        ("body of DISCONNECT", vec![0xE0, 1, 0]),
        ("trailing bytes of PUBACK", vec![0x40, 3, 0, 1, 0]),
    ]
}

/// Wrong in version 5: the reason that its DISCONNECT names, too.
fn broken_v5() -> Vec<(&'static str, Vec<u8>, u8)> {
    let subscribe = |properties: &[u8], options: u8| {
        let mut body = vec![0, 1, u8::try_from(properties.len()).unwrap()];
        body.extend(properties);
        body.extend([0, 1, b'a', options]);
        packet(0x82, &body)
    };
    vec![
        ("CONNACK", vec![0x20, 3, 0, 0, 0], 0x82),
        ("SUBACK", vec![0x90, 4, 0, 1, 0, 0], 0x82),
        ("UNSUBACK", vec![0xB0, 4, 0, 1, 0, 0], 0x82),
        ("AUTH", vec![0xF0, 0], 0x82),
        ("packet type 0", vec![0x00, 0], 0x81),
        ("QoS 2", publish(0x34, REPORT, &[0, 1, 0]), 0x9B),
        ("no properties", publish(0x30, REPORT, b""), 0x81),
        (
            "properties beyond the packet",
            publish(0x30, REPORT, &[9, 1]),
            0x81,
        ),
        (
            "a length longer than need be",
            publish(0x30, REPORT, &[0x80, 0]),
            0x81,
        ),
        (
            "the packet's length longer than need be",
            vec![0xC0, 0x80, 0],
            0x81,
        ),
        (
            "a property that does not exist",
            publish(0x30, REPORT, &[2, 0x7e, 0]),
            0x81,
        ),
        (
            "a property of CONNECT",
            publish(0x30, REPORT, &[3, 0x21, 0, 9]),
            0x82,
        ),
        (
            "a property twice",
            publish(0x30, REPORT, &[4, 1, 0, 1, 0]),
            0x82,
        ),
        ("payload format 2", publish(0x30, REPORT, &[2, 1, 2]), 0x82),
        (
            "a topic alias",
            publish(0x30, REPORT, &[3, 0x23, 0, 1]),
            0x94,
        ),
        (
            "an alias and no topic",
            publish(0x30, b"", &[3, 0x23, 0, 1]),
            0x94,
        ),
        ("neither alias nor topic", publish(0x30, b"", &[0]), 0x82),
        (
            "a subscription identifier",
            publish(0x30, REPORT, &[2, 0x0B, 1]),
            0x82,
        ),
        (
            "a wildcard to respond to",
            publish(0x30, REPORT, &[4, 8, 0, 1, b'#']),
            0x81,
        ),
        ("subscription identifier 0", subscribe(&[0x0B, 0], 0), 0x82),
        ("retain handling 3", subscribe(&[], 0x30), 0x82),
        ("reserved options", subscribe(&[], 0x40), 0x81),
        (
            "trailing bytes of PUBACK",
            vec![0x40, 5, 0, 1, 0, 0, 0],
            0x81,
        ),
        (
            "PUBACK with properties cut",
            vec![0x40, 4, 0, 1, 0, 1],
            0x81,
        ),
        ("DISCONNECT with a reason of SUBACK", vec![0xE0, 1, 1], 0x82),
        ("trailing bytes of DISCONNECT", vec![0xE0, 3, 0, 0, 0], 0x81),
    ]
}

#[tokio::test]
async fn a_malformed_packet_closes_its_connection_and_no_other() {
    let mut world = World::new().await;
    let mut neighbour = Raw::device(&mut world, "d2").await;
    for (what, bytes) in broken_v4().into_iter().chain(only_v4()) {
        let mut raw = Raw::device(&mut world, "d1").await;
        raw.send(&bytes).await;
        assert_eq!(raw.next().await, None, "{what}");
        neighbour.ping().await;
    }
    for (what, bytes, reason) in broken_v5() {
        let connect = Connect {
            client_id: "d1",
            v5: true,
            ..Connect::default()
        };
        let mut raw = Raw::admitted(&mut world, connect).await;
        raw.send(&bytes).await;
        let packet = raw
            .next()
            .await
            .unwrap_or_else(|| panic!("a DISCONNECT for {what}"));
        assert_eq!((packet.first, packet.body[0]), (0xE0, reason), "{what}");
        raw.closed().await;
        neighbour.ping().await;
    }
    assert!(world.received_already().is_none());
}

#[tokio::test]
async fn a_malformed_connect_is_closed_and_in_version_5_told_why() {
    let world = World::new().await;
    let connect = |version: u8, flags: u8, rest: &[u8]| {
        let mut body = b"\0\x04MQTT".to_vec();
        body.extend([version, flags, 0, 0]);
        body.extend(rest);
        packet(0x10, &body)
    };
    for (what, bytes) in [
        ("no CONNECT first", vec![0xC0, 0]),
        ("PUBLISH first", publish(0x30, REPORT, b"")),
        ("flags", packet(0x11, b"\0\x04MQTT\x04\x02\0\0\0\x01d")),
        ("empty", vec![0x10, 0]),
        ("reserved flag", connect(4, 0x03, b"\0\x01d")),
        ("will QoS without a will", connect(4, 0x0A, b"\0\x01d")),
        ("will QoS 3", connect(4, 0x1E, b"\0\x01d\0\x01t\0\0")),
        (
            "will on a wildcard",
            connect(4, 0x06, b"\0\x01d\0\x01#\0\0"),
        ),
        (
            "password without a username",
            connect(4, 0x42, b"\0\x01d\0\x01p"),
        ),
        ("cut", connect(4, 0xC2, b"\0\x01d\0\x01u")),
        ("trailing bytes", connect(4, 0x02, b"\0\x01d!")),
        ("client id not UTF-8", connect(4, 0x02, b"\0\x01\xff")),
        (
            "protocol name not UTF-8",
            packet(0x10, b"\0\x04\xff\xff\xff\xff\x04\x02\0\0\0\0"),
        ),
    ] {
        let mut raw = Raw::open(&world).await;
        raw.send(&bytes).await;
        assert_eq!(raw.next().await, None, "{what}");
    }
    for (what, bytes, reason) in [
        (
            "receive maximum 0",
            connect(5, 2, b"\x03\x21\0\0\0\x01d"),
            0x82,
        ),
        (
            "packet size 0",
            connect(5, 2, b"\x05\x27\0\0\0\0\0\x01d"),
            0x82,
        ),
        (
            "authentication data alone",
            connect(5, 2, b"\x03\x16\0\0\0\x01d"),
            0x82,
        ),
        (
            "a property twice",
            connect(5, 2, b"\x04\x17\x01\x17\x01\0\x01d"),
            0x82,
        ),
        (
            "an authentication method",
            connect(5, 2, b"\x04\x15\0\x01m\0\x01d"),
            0x8C,
        ),
        (
            "a will of QoS 2",
            connect(5, 0x16, b"\0\0\x01d\0\0\x01t\0\0"),
            0x9B,
        ),
        ("trailing bytes", connect(5, 2, b"\0\0\x01d!"), 0x81),
        (
            "a binary password",
            connect(5, 0xC2, b"\0\0\x01d\0\x01d\0\x01\xff"),
            0x86,
        ),
    ] {
        let mut raw = Raw::open(&world).await;
        raw.send(&bytes).await;
        let connack = raw.packet().await;
        assert_eq!((connack.first, connack.body[1]), (0x20, reason), "{what}");
        raw.closed().await;
    }
}

#[tokio::test]
async fn a_packet_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
    let mut world = World::with(|config| config.device_packet_bytes_max = 1_000).await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    let topic = "fleet/v1/devices/d1/report";
    // Fixed header 3, topic length 2, packet id 2, properties 1.
    let largest = 1_000 - topic.len() - 8;
    let id = device.publish(topic, &"x".repeat(largest), 1, false).await;
    world.received().await.ack.accept();
    assert_eq!(device.puback().await, (id, 0));
    // The length alone is enough to refuse; the rest need not come.
    let packet = device.publish_packet(topic, &"x".repeat(largest + 1), 1, false);
    device.send(&packet[..3]).await;
    assert_eq!(
        device.disconnected().await,
        (0x95, "packet_too_large".into())
    );

    let mut stranger = Raw::open(&world).await;
    stranger.send(&[0x10, 0xff, 0xff, 0xff, 0x7f]).await;
    stranger.closed().await;
}
