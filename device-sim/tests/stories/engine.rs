//! The other side of the wire: hears what the device says, and serves chunks, honestly or not.

use std::collections::HashMap;

use fleetfold_device_sim::agent::Publish;
use fleetfold_schemas::{
    DeviceTopic, Digest, Topic,
    codec::decode_from_device,
    device::{Ack, ChunkData, ChunkGet, Hello, JobReport, JobState, Presence, Report, Running},
};

use crate::bench::device;

/// What the engine does to chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    Honest,
    /// One bit is wrong in the chunk at this offset.
    Flipped(u64),
    /// Every answer goes on and on.
    Endless,
    /// Every answer is a byte short.
    Truncated,
    /// The first so many requests get lost.
    Lossy(u32),
    Silent,
    Unknown,
}

/// What it heard, what it holds, and how it behaves.
pub struct Engine {
    pub artifacts: HashMap<Digest, Vec<u8>>,
    /// What the job topic retains.
    pub retained: Vec<u8>,
    pub serving: Serving,
    pub is_acknowledging: bool,
    /// Everything the device said about jobs, one line each; repeated lines stand once.
    pub transcript: Vec<String>,
    pub hellos: Vec<Hello>,
    pub reports: Vec<Report>,
    /// Payloads of hellos and reports, as they came.
    pub payloads: Vec<Vec<u8>>,
    pub presence: Option<Presence>,
    pub requests: Vec<ChunkGet>,
    last: (u64, u64),
}

impl Engine {
    /// Honest, and has nothing to offer yet.
    pub fn new() -> Self {
        Self {
            artifacts: HashMap::new(),
            retained: Vec::new(),
            serving: Serving::Honest,
            is_acknowledging: true,
            transcript: Vec::new(),
            hellos: Vec::new(),
            reports: Vec::new(),
            payloads: Vec::new(),
            presence: None,
            requests: Vec::new(),
            last: (0, 0),
        }
    }

    fn note(&mut self, running: &Running, job: Option<&JobReport>) {
        let line = format!("{} {}", running.version, describe(job));
        if self.transcript.last() != Some(&line) {
            self.transcript.push(line);
        }
    }

    fn number(&mut self, number: (u64, u64)) -> Option<Ack> {
        self.last = self.last.max(number);
        self.is_acknowledging.then_some(Ack {
            epoch: self.last.0,
            seq: self.last.1,
            code: None,
        })
    }

    /// Takes a message and answers it, by topic and payload.
    pub fn receive(&mut self, publish: &Publish) -> Vec<(DeviceTopic, Vec<u8>)> {
        let Topic::Device(from, topic) = &publish.topic else {
            panic!("{publish:?}");
        };
        assert_eq!(*from, device());
        let ack = match topic {
            DeviceTopic::Hello => {
                let hello: Hello = read(&publish.payload);
                self.note(&hello.running, hello.job.as_ref());
                let number = (hello.epoch, hello.seq);
                self.hellos.push(hello);
                self.payloads.push(publish.payload.clone());
                self.number(number)
            }
            DeviceTopic::Report => {
                let report: Report = read(&publish.payload);
                self.note(&report.running, report.job.as_ref());
                let number = (report.epoch, report.seq);
                self.reports.push(report);
                self.payloads.push(publish.payload.clone());
                self.number(number)
            }
            DeviceTopic::Presence => {
                assert!(publish.retain);
                self.presence = Some(read(&publish.payload));
                None
            }
            DeviceTopic::ChunkGet => return self.serve(read(&publish.payload)),
            _ => panic!("a device does not publish {topic:?}"),
        };
        ack.map(|ack| (DeviceTopic::Ack, ack.encode()))
            .into_iter()
            .collect()
    }

    fn serve(&mut self, request: ChunkGet) -> Vec<(DeviceTopic, Vec<u8>)> {
        self.requests.push(request.clone());
        let artifact = &self.artifacts[&request.digest];
        let from = usize::try_from(request.offset).expect("small");
        let mut bytes = artifact[from..from + request.length as usize].to_vec();
        let mut offset = request.offset;
        match &mut self.serving {
            Serving::Honest => {}
            Serving::Flipped(at) if *at == request.offset => bytes[0] ^= 1,
            Serving::Flipped(_) => {}
            Serving::Endless => {
                // Longer than asked, and then pieces that nobody asked for.
                bytes.push(0);
                offset += 1_000_000;
            }
            Serving::Truncated => {
                bytes.pop();
            }
            Serving::Lossy(0) => {}
            Serving::Lossy(left) => {
                *left -= 1;
                return Vec::new();
            }
            Serving::Silent => return Vec::new(),
            Serving::Unknown => {
                let answer = ChunkData {
                    digest: request.digest,
                    offset,
                    content: Err("unknown_artifact".to_owned()),
                };
                return vec![(DeviceTopic::ChunkData, answer.encode())];
            }
        }
        let answer = |offset, bytes| ChunkData {
            digest: request.digest,
            offset,
            content: Ok(bytes),
        };
        let mut answers = vec![answer(request.offset, bytes.clone())];
        if offset != request.offset {
            answers.push(answer(offset, bytes));
        }
        answers
            .iter()
            .map(|answer| (DeviceTopic::ChunkData, answer.encode()))
            .collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(payload: &[u8]) -> T {
    decode_from_device(payload)
        .expect("a device writes what an engine reads")
        .message
}

pub fn describe(job: Option<&JobReport>) -> String {
    let Some(job) = job else {
        return "idle".to_owned();
    };
    let state = match &job.state {
        JobState::InProgress { stage, waiting, .. } => {
            let stage = format!("{stage:?}").to_lowercase();
            waiting.map_or(stage.clone(), |waiting| {
                let postponed = match waiting.postponed {
                    0 => String::new(),
                    times => format!(", postponed {times}"),
                };
                format!("{stage}, waits for {}{postponed}", waiting.what)
            })
        }
        JobState::Succeeded => "succeeded".to_owned(),
        JobState::Failed { error, restored } => format!(
            "failed {}/{}{}",
            error.class,
            error.code,
            if *restored { ", restored" } else { "" }
        ),
        JobState::Rejected { error } => format!("rejected {}/{}", error.class, error.code),
        JobState::Canceled => "canceled".to_owned(),
    };
    format!("{}:{state}", job.sequence)
}
