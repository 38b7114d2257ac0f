//! Broken frames by the hundred thousand, the same ones every time: nothing panics, and what the validator lets through
//! the codec reads in the same way.

use bytes::BytesMut;
use rumqttd::protocol::{Packet, Protocol, v4::V4, v5::V5};

use crate::{
    frame::{self, ConnectFrame, FrameError, Header, Kind, Version},
    packet,
};

const ROUNDS: usize = 200_000;
const LIMIT: usize = 4_096;

/// xorshift64*: small, and its sequence is its own, not that of a crate's version.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

/// One valid frame of every kind; the lengths are filled in.
fn seeds() -> Vec<(Version, Vec<u8>)> {
    let v4: &[&[u8]] = &[
        b"\x10\x0d\0\x04MQTT\x04\x02\0\x0a\0\x01d",
        b"\x10\x1b\0\x04MQTT\x04\xee\0\x0a\0\x01d\0\x01t\0\x02ww\0\x01u\0\x01p",
        b"\x30\x08\0\x03a/bxyz",
        b"\x3b\x0a\0\x03a/b\0\x07xyz",
        b"\x40\x02\0\x07",
        b"\x82\x0e\0\x07\0\x03a/+\x01\0\x03b/#\x02",
        b"\xa2\x07\0\x07\0\x03a/b",
        b"\xc0\0",
        b"\xe0\0",
    ];
    let v5: &[&[u8]] = &[
        b"\x10\x0e\0\x04MQTT\x05\x02\0\x0a\0\0\x01d",
        b"\x10\x3a\0\x04MQTT\x05\xc6\0\x0a\x1b\x11\0\0\0\x09\x21\0\x05\x27\0\0\x10\0\x22\0\x02\x17\x01\x19\x01\x26\0\x01k\0\x01v\
          \0\x01d\x05\x18\0\0\0\x01\0\x01t\0\x01w\0\x01u\0\x01p",
        b"\x30\x09\0\x03a/b\0xyz",
        b"\x32\x1e\0\x03a/b\0\x07\x13\x01\x01\x02\0\0\0\x09\x03\0\x01c\x08\0\x01r\x09\0\x01dxyz",
        b"\x40\x02\0\x07",
        b"\x40\x08\0\x07\x10\x04\x1f\0\x01r",
        b"\x82\x11\0\x07\x02\x0b\x05\0\x03a/+\x2d\0\x03b/#\x02",
        b"\xa2\x0f\0\x07\x07\x26\0\x01k\0\x01v\0\x03a/b",
        b"\xc0\0",
        b"\xe0\0",
        b"\xe0\x01\x04",
        b"\xe0\x06\x04\x04\x1f\0\x01r",
    ];
    let with = |version| {
        move |seed: &&[u8]| {
            let mut frame = seed.to_vec();
            frame[1] = (frame.len() - 2) as u8;
            (version, frame)
        }
    };
    v4.iter()
        .map(with(Version::V4))
        .chain(v5.iter().map(with(Version::V5)))
        .collect()
}

fn mutate(random: &mut Random, frame: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(frame.len().max(1));
        match random.below(6) {
            0 if at < frame.len() => frame[at] ^= 1 << random.below(8),
            1 if at < frame.len() => frame[at] = random.below(256) as u8,
            2 if at < frame.len() => frame[at] = [0, 1, 2, 0x7f, 0x80, 0xff][random.below(6)],
            3 => frame.truncate(at),
            4 => frame.insert(at, random.below(256) as u8),
            _ => {
                let copied: Vec<u8> = frame[at..].iter().copied().take(random.below(9)).collect();
                frame.splice(at..at, copied);
            }
        }
    }
    // Half of the time the length is made right again, or most would end at the header.
    if random.below(2) == 0 && (2..0x82).contains(&frame.len()) && frame[1] < 0x80 {
        frame[1] = (frame.len() - 2) as u8;
    }
}

/// What a connection does with bytes; `Ok(None)` while they are incomplete.
fn walk(bytes: &[u8], version: Version) -> Result<Option<Kind>, FrameError> {
    let Some(header) = Header::read(bytes, Some(version), LIMIT)? else {
        return Ok(None);
    };
    let Some(frame) = bytes.get(..header.len) else {
        return Ok(None);
    };
    match header.kind {
        Kind::Connect => {
            frame::claimed_version(frame, &header);
            if let ConnectFrame::Decodable(version) = frame::connect(frame, &header)? {
                packet::connect(frame, version).expect("the codec reads what is valid");
            }
        }
        Kind::Publish => {
            let ours = frame::publish(frame, &header, version)?;
            let mut bytes = BytesMut::from(frame);
            let theirs = match version {
                Version::V4 => V4.read_mut(&mut bytes, LIMIT),
                Version::V5 => V5.read_mut(&mut bytes, LIMIT),
            };
            let Ok(Packet::Publish(theirs, _)) = theirs else {
                panic!("the codec reads {theirs:?}, not a PUBLISH");
            };
            assert_eq!(ours.topic.as_bytes(), theirs.topic);
            assert_eq!(ours.payload, theirs.payload);
            assert_eq!(ours.retain, theirs.retain);
        }
        Kind::PubAck => {
            frame::puback(frame, &header, version)?;
        }
        Kind::Subscribe => {
            frame::subscribe(frame, &header, version)?;
            packet::subscribe(frame, version).expect("the codec reads what is valid");
        }
        Kind::Unsubscribe => {
            frame::unsubscribe(frame, &header, version)?;
            packet::unsubscribe(frame, version).expect("the codec reads what is valid");
        }
        Kind::PingReq => frame::pingreq(frame, &header)?,
        Kind::Disconnect => {
            frame::disconnect(frame, &header, version)?;
        }
    }
    Ok(Some(header.kind))
}

#[test]
fn no_frame_panics_and_the_codec_agrees_with_what_is_let_through() {
    let seeds = seeds();
    for (version, seed) in &seeds {
        assert!(
            matches!(walk(seed, *version), Ok(Some(_))),
            "{version:?} {seed:02x?}"
        );
    }
    let mut random = Random(0x5eed);
    let (mut valid, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let (version, mut frame) = seeds[random.below(seeds.len())].clone();
        mutate(&mut random, &mut frame);
        match walk(&frame, version) {
            Ok(Some(_)) => valid += 1,
            Ok(None) => {}
            Err(_) => refused += 1,
        }
    }
    // Enough of both, or the mutations would prove nothing.
    assert!(valid > ROUNDS / 20, "{valid}");
    assert!(refused > ROUNDS / 4, "{refused}");
}
