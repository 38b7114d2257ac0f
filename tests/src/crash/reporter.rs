//! Reporters: sessions that do nothing but report, and remember what was acknowledged.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fleetfold_schemas::{
    DeviceId, DeviceTopic, Digest, ModelId, Topic, Version,
    codec::encode_cbor,
    device::{Hello, Report, Running, Slot},
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch, time::sleep};

use crate::{
    devices,
    mqtt::{self, Pubacks},
    recount::Number,
};

/// Reports that are sent before the first of them is acknowledged.
const BURST_MAX: u32 = 20;
/// As many as the broker lets one client have under way.
const STORM_BURST: u32 = 100;
/// Between two bursts, unless there is a storm: the log should grow, and devices should still get through.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 0..=100;
/// While nobody listens.
const RETRY: Duration = Duration::from_millis(30);

#[derive(Debug)]
pub(super) struct Reporter {
    pub id: DeviceId,
    pub token: String,
    model: ModelId,
    running: Running,
    epoch: u64,
    seq: u64,
    packet_id: u16,
    /// There is no pausing.
    storm: Arc<AtomicBool>,
    heard: Heard,
}

/// What a reporter was told.
#[derive(Debug)]
pub(super) struct Heard {
    pub id: DeviceId,
    /// In the order of the PUBACKs.
    pub acknowledged: Vec<Number>,
    pub sent: u64,
    pub connections: u64,
}

impl Reporter {
    pub fn new(id: DeviceId, model: ModelId, token: String, storm: Arc<AtomicBool>) -> Self {
        Self {
            heard: Heard {
                id: id.clone(),
                acknowledged: Vec::new(),
                sent: 0,
                connections: 0,
            },
            id,
            token,
            model,
            running: Running {
                slot: Slot::A,
                version: Version::parse("1.0.0").expect("our own versions are valid"),
                digest: Digest::of(b"reporter"),
            },
            epoch: 1,
            seq: 0,
            packet_id: 0,
            storm,
        }
    }

    /// Reports until it is told to stop.
    pub async fn run(
        mut self,
        address: SocketAddr,
        mut dice: ChaCha8Rng,
        mut stopped: watch::Receiver<bool>,
    ) -> Heard {
        while !*stopped.borrow() {
            let connection = async {
                let mut stream = mqtt::login(address, self.id.as_str(), &self.token).await?;
                self.report(&mut stream, &mut dice).await
            };
            tokio::select! {
                // An error means that the server has gone, which is what this is about.
                ended = connection => { let _: io::Result<()> = ended; }
                // Fails only when the test is over.
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            sleep(RETRY).await;
        }
        self.heard
    }

    async fn report(&mut self, stream: &mut TcpStream, dice: &mut ChaCha8Rng) -> io::Result<()> {
        self.heard.connections += 1;
        // Some of them come back because they were switched off themselves.
        if dice.random_bool(0.5) {
            (self.epoch, self.seq) = (self.epoch + 1, 0);
        }
        let mut pubacks = Pubacks::default();
        let mut waiting = VecDeque::new();
        let mut frames = self.hello(&mut waiting);
        loop {
            stream.write_all(&frames).await?;
            while !waiting.is_empty() {
                for id in pubacks.read(stream).await? {
                    match waiting.pop_front() {
                        Some((sent, number)) if sent == id => {
                            self.heard.acknowledged.push(number);
                        }
                        // No error of the network's: everything acknowledged after it would be wrong.
                        other => panic!("PUBACK of {id} instead of {other:?}"),
                    }
                }
            }
            let burst = if self.storm.load(Ordering::Relaxed) {
                STORM_BURST
            } else {
                sleep(Duration::from_millis(dice.random_range(PAUSE_MS))).await;
                dice.random_range(1..=BURST_MAX)
            };
            frames = Vec::new();
            for _ in 0..burst {
                frames.extend(self.snapshot(&mut waiting));
            }
        }
    }

    fn hello(&mut self, waiting: &mut VecDeque<(u16, Number)>) -> Vec<u8> {
        self.seq += 1;
        let hello = Hello {
            epoch: self.epoch,
            seq: self.seq,
            ..devices::hello(&self.model, self.running.clone())
        };
        self.frame(DeviceTopic::Hello, &encode_cbor(&hello), waiting)
    }

    fn snapshot(&mut self, waiting: &mut VecDeque<(u16, Number)>) -> Vec<u8> {
        self.seq += 1;
        let report = Report {
            epoch: self.epoch,
            seq: self.seq,
            running: self.running.clone(),
            job: None,
            boot_ms: None,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        };
        self.frame(DeviceTopic::Report, &encode_cbor(&report), waiting)
    }

    fn frame(
        &mut self,
        topic: DeviceTopic,
        payload: &[u8],
        waiting: &mut VecDeque<(u16, Number)>,
    ) -> Vec<u8> {
        self.packet_id = self.packet_id % u16::MAX + 1;
        waiting.push_back((self.packet_id, (self.epoch, self.seq)));
        self.heard.sent += 1;
        let topic = Topic::Device(self.id.clone(), topic).to_string();
        mqtt::publish(&topic, self.packet_id, payload)
    }
}
