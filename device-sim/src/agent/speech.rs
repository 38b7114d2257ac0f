//! What the agent says: presence, hello, reports.

use fleetfold_schemas::{
    DeviceTopic, Topic,
    codec::{encode_cbor, encode_json},
    device::{Ack, Hello, JobReport, JobState, PROTOCOL, Presence, Report, presence_topic},
};

use super::{Activity, Agent, Link, Output, Publish, Qos, voice::Again};

impl Agent {
    pub(super) fn presence(&self, online: bool) -> Publish {
        Publish {
            topic: presence_topic(&self.config.device),
            payload: encode_json(&Presence {
                online,
                epoch: self.record.epoch,
            }),
            qos: Qos::AtLeastOnce,
            retain: true,
            seq: None,
        }
    }

    pub(super) fn hello(&mut self, now: u64) {
        let seq = self.voice.next_seq();
        let inventory = &self.config.inventory;
        let payload = encode_cbor(&Hello {
            protocol: PROTOCOL,
            epoch: self.record.epoch,
            seq,
            model: self.config.model.clone(),
            hardware: inventory.hardware.clone(),
            capabilities: self.config.capabilities.clone(),
            region: inventory.region.clone(),
            tenant: inventory.tenant.clone(),
            time_zone: inventory.time_zone.clone(),
            tags: inventory.tags.clone(),
            attributes: inventory.attributes.clone(),
            running: self.running(),
            standby: self.record.slot(self.running.other()).image().cloned(),
            job: self.job_report(),
        });
        self.voice.keep_hello(seq, payload.clone(), now);
        self.say(DeviceTopic::Hello, seq, payload);
    }

    /// Says how things are. Nothing is lost if nobody listens: the next hello says it too.
    pub(super) fn report(&mut self) {
        let job = self.job_report();
        self.report_of(job);
    }

    /// Says how things ended, until it is acknowledged.
    pub(super) fn report_final(&mut self, job: Option<JobReport>, now: u64) {
        if let Some((seq, payload)) = self.report_of(job) {
            self.voice.keep_final(seq, payload, now);
        }
    }

    fn report_of(&mut self, job: Option<JobReport>) -> Option<(u64, Vec<u8>)> {
        if self.link != Link::Up {
            return None;
        }
        let seq = self.voice.next_seq();
        let payload = encode_cbor(&Report {
            epoch: self.record.epoch,
            seq,
            running: self.running(),
            job,
            boot_ms: self.vitals.boot_ms.or(self.boot_ms),
            battery_drain_bp_per_day: self.vitals.battery_drain_bp_per_day,
            unexpected_reboots: self.vitals.unexpected_reboots,
        });
        self.say(DeviceTopic::Report, seq, payload.clone());
        Some((seq, payload))
    }

    fn say(&mut self, topic: DeviceTopic, seq: u64, payload: Vec<u8>) {
        self.outputs.push_back(Output::Publish(Publish {
            topic: Topic::Device(self.config.device.clone(), topic),
            payload,
            qos: Qos::AtLeastOnce,
            retain: false,
            seq: Some(seq),
        }));
    }

    pub(super) fn repeat(&mut self, now: u64) {
        let patience_ms = self.config.timing.acknowledgement_ms;
        for again in self.voice.again(now, patience_ms) {
            match again {
                Again::Hello(seq, payload) => self.say(DeviceTopic::Hello, seq, payload),
                Again::Report(seq, payload) => self.say(DeviceTopic::Report, seq, payload),
            }
        }
    }

    pub(super) fn ack(&mut self, payload: &[u8]) {
        let Ok(ack) = Ack::decode(payload) else {
            return;
        };
        let is_covered = |kept: u64| match ack.code {
            None => kept <= ack.seq,
            // A refusal answers that one message, for good.
            Some(_) => kept == ack.seq,
        };
        if ack.epoch == self.record.epoch && self.voice.acknowledged(is_covered) {
            self.failed_connections = 0;
        }
    }

    /// The state of the newest job that this device has anything to say about.
    fn job_report(&self) -> Option<JobReport> {
        if let Some(job) = &self.record.job {
            return Some(JobReport {
                sequence: job.sequence,
                state: JobState::InProgress {
                    stage: self.stage,
                    progress_percent: match &self.activity {
                        Activity::Fetching(fetch) => Some(fetch.percent()),
                        _ => None,
                    },
                    waiting: self.waiting(),
                },
            });
        }
        [&self.record.outcome, &self.refusal]
            .into_iter()
            .flatten()
            .max_by_key(|report| report.sequence)
            .cloned()
    }
}
