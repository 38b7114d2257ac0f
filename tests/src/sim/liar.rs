//! A device that has a good credential and says whatever it likes: false digests, claims of success, old numbers, other
//! devices' topics, garbage, and sometimes twice at once.

use std::sync::Arc;

use fleetfold_schemas::{
    DeviceId, DeviceTopic, Name, Topic,
    campaign::MINUTE_MS,
    codec::{encode_cbor, encode_json},
    command::{Command, RegisterDevice},
    cose::TrustedKeys,
    device::{
        DeviceError, ErrorClass, Hello, JobReport, JobState, PROTOCOL, Report, Running, Slot,
        Stage, Waiting, WaitingFor,
    },
    job::{Job, JobKind},
};

use super::{
    catalog::Catalog,
    device::Secret,
    draft::inventory,
    event::{Event, Packet},
    net::{Client, ConnId, End},
    random::Stream,
    trace::START_MS,
    world::Sim,
};

#[derive(Debug)]
pub struct Liar {
    pub id: DeviceId,
    model: usize,
    secret: Secret,
    job_keys: TrustedKeys,
    epoch: u64,
    seq: u64,
    logins: u64,
    conns: Vec<ConnId>,
    job: Option<Job>,
    /// What it last sent, to send again.
    last: Option<Packet>,
    next_id: u16,
    stream: Stream,
}

impl Liar {
    #[must_use]
    pub fn new(
        number: usize,
        catalog: &Catalog,
        job_keys: TrustedKeys,
        mut stream: Stream,
    ) -> Self {
        Self {
            id: DeviceId::parse(&format!("liar-{number}")).expect("our own names are valid"),
            model: number % catalog.models.len(),
            secret: Secret::new(&mut stream),
            job_keys,
            epoch: 1,
            seq: 0,
            logins: 0,
            conns: Vec::new(),
            job: None,
            last: None,
            next_id: 0,
            stream,
        }
    }

    #[must_use]
    pub fn registration(&self, catalog: &Catalog) -> Command {
        Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device: self.id.clone(),
            model: catalog.models[self.model].id.clone(),
            credential: self.secret.credential(),
        })
    }

    fn topic(&self, kind: DeviceTopic) -> String {
        Topic::Device(self.id.clone(), kind).to_string()
    }

    fn packet(&mut self, topic: String, payload: Vec<u8>) -> Packet {
        self.next_id = self.next_id.wrapping_add(1).max(1);
        Packet::Publish {
            topic,
            payload: payload.into(),
            id: Some(self.next_id),
            retain: self.stream.percent(3),
        }
    }

    fn running(&mut self, catalog: &Catalog) -> Running {
        let releases = &catalog.models[self.model].releases;
        let firmware = &releases[self.stream.below(releases.len())];
        let target = self.job.as_ref().and_then(|job| match &job.kind {
            JobKind::Install(installation) | JobKind::Rollback(installation) => {
                Some(installation.target)
            }
            JobKind::Cancel { .. } => None,
        });
        Running {
            slot: if self.stream.percent(50) {
                Slot::A
            } else {
                Slot::B
            },
            version: firmware.version.clone(),
            digest: match target {
                Some(target) if self.stream.percent(60) => target,
                _ => firmware.digest,
            },
        }
    }

    fn job_report(&mut self) -> Option<JobReport> {
        let job = self.job.as_ref()?;
        let sequence = match &job.kind {
            JobKind::Cancel { sequence } => *sequence,
            JobKind::Install(_) | JobKind::Rollback(_) => job.sequence,
        };
        let sequence = if self.stream.percent(85) {
            sequence
        } else {
            self.stream.within(0..=sequence + 3)
        };
        let error = DeviceError {
            class: self.stream.pick(&[
                ErrorClass::Download,
                ErrorClass::Verification,
                ErrorClass::Installation,
                ErrorClass::SelfTest,
                ErrorClass::Rejected,
                ErrorClass::LostContact,
            ]),
            code: Name::parse("lie").expect("our own names are valid"),
            message: String::new(),
        };
        let state = match self.stream.below(8) {
            0..=2 => JobState::InProgress {
                stage: self
                    .stream
                    .pick(&[Stage::Downloading, Stage::Trial, Stage::Confirmed]),
                progress_percent: Some(50),
                waiting: self.stream.percent(20).then(|| Waiting {
                    what: self.stream.pick(&WaitingFor::ALL),
                    until_ms: self
                        .stream
                        .pick(&[None, Some(0), Some(START_MS), Some(u64::MAX)]),
                    postponed: self.stream.pick(&[0, 1, u32::MAX]),
                }),
            },
            3 | 4 => JobState::Succeeded,
            5 => JobState::Failed {
                error,
                restored: self.stream.percent(50),
            },
            6 => JobState::Rejected { error },
            _ => JobState::Canceled,
        };
        Some(JobReport { sequence, state })
    }

    fn hello(&mut self, catalog: &Catalog) -> Packet {
        self.seq += 1;
        let wrong_model = ModelChoice::of(&mut self.stream);
        let model = match wrong_model {
            ModelChoice::Right => catalog.models[self.model].id.clone(),
            ModelChoice::Wrong => "another".parse().expect("our own names are valid"),
        };
        let inventory = inventory(&mut self.stream);
        let hello = Hello {
            protocol: if self.stream.percent(4) { 9 } else { PROTOCOL },
            epoch: self.epoch,
            seq: self.seq,
            model,
            hardware: inventory.hardware,
            capabilities: Vec::new(),
            region: inventory.region,
            tenant: inventory.tenant,
            time_zone: inventory.time_zone,
            tags: inventory.tags,
            attributes: inventory.attributes,
            running: self.running(catalog),
            standby: None,
            job: self.job_report(),
        };
        let payload = if self.stream.percent(50) {
            encode_json(&hello)
        } else {
            encode_cbor(&hello)
        };
        let topic = self.topic(DeviceTopic::Hello);
        self.packet(topic, payload)
    }

    fn report(&mut self, catalog: &Catalog) -> Packet {
        self.seq += 1;
        if self.stream.percent(8) {
            // An old number, or one of an earlier boot.
            self.seq = self.stream.within(1..=self.seq);
            self.epoch = self.stream.within(1..=self.epoch);
        }
        let report = Report {
            epoch: self.epoch,
            seq: self.seq,
            running: self.running(catalog),
            job: self.job_report(),
            boot_ms: None,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        };
        let payload = if self.stream.percent(50) {
            encode_json(&report)
        } else {
            encode_cbor(&report)
        };
        let topic = self.topic(DeviceTopic::Report);
        self.packet(topic, payload)
    }

    /// Something that is not for it to say.
    fn trespass(&mut self) -> Packet {
        let other = DeviceId::parse("device-0").expect("our own names are valid");
        let topic = match self.stream.below(4) {
            0 => Topic::Device(other, DeviceTopic::Report),
            1 => Topic::Device(other, DeviceTopic::Job),
            2 => Topic::Device(self.id.clone(), DeviceTopic::Job),
            _ => Topic::FleetSummary,
        };
        self.packet(topic.to_string(), b"{}".to_vec())
    }

    fn garbage(&mut self) -> Packet {
        let mut payload = vec![0; self.stream.below(200)];
        self.stream.fill(&mut payload);
        if self.stream.percent(50) {
            payload.insert(0, b'{');
        }
        let kind = self.stream.pick(&[
            DeviceTopic::Hello,
            DeviceTopic::Report,
            DeviceTopic::ChunkGet,
        ]);
        let topic = self.topic(kind);
        self.packet(topic, payload)
    }

    fn connect(&mut self, now_s: u64) -> Packet {
        // Now and then a token that was used before.
        if !self.stream.percent(15) {
            self.logins += 1;
        }
        Packet::Connect {
            client_id: self.id.to_string(),
            username: self.id.to_string(),
            password: self.secret.password(&self.id, self.logins, Some(now_s)),
        }
    }
}

enum ModelChoice {
    Right,
    Wrong,
}

impl ModelChoice {
    fn of(stream: &mut Stream) -> Self {
        if stream.percent(4) {
            Self::Wrong
        } else {
            Self::Right
        }
    }
}

impl Sim {
    /// A liar does the next thing it can think of.
    pub fn liar_acts(&mut self, at: usize) {
        let now_s = self.queue.now_ms() / 1000;
        let has_engine = self.process.is_some();
        let liar = &mut self.liars[at];
        let wait_ms = liar.stream.within(1_000..=20 * MINUTE_MS);
        self.queue.after(wait_ms, Event::Liar(at));
        if self.is_peaceful {
            return;
        }
        let liar = &mut self.liars[at];
        liar.conns.retain(|conn| self.net.conn(*conn).client_open);
        let wants_another = liar.conns.is_empty() || liar.stream.percent(10);
        if wants_another && has_engine {
            liar.epoch += u64::from(liar.stream.percent(70));
            let packet = liar.connect(now_s);
            let conn = self.net.dial(&mut self.queue, Client::Liar(at), packet);
            self.liars[at].conns.push(conn);
            return;
        }
        if liar.conns.is_empty() {
            return;
        }
        let conn = liar.stream.pick(&liar.conns);
        let packet = match liar.stream.below(12) {
            0 => liar.trespass(),
            1 => liar.garbage(),
            2 => liar.hello(&self.catalog),
            3 => match &liar.last {
                Some(last) => last.clone(),
                None => liar.report(&self.catalog),
            },
            _ => liar.report(&self.catalog),
        };
        liar.last = Some(packet.clone());
        self.count("lie");
        self.net.send(&mut self.queue, conn, End::Broker, packet);
    }

    pub fn liar_hears(&mut self, at: usize, conn: ConnId, packet: Packet) {
        let liar = &mut self.liars[at];
        match packet {
            Packet::Connack { is_accepted: true } => {
                let filters = vec![fleetfold_schemas::topic::filter::everything_of_device(
                    &liar.id,
                )];
                let hello = liar.hello(&self.catalog);
                self.net.send(
                    &mut self.queue,
                    conn,
                    End::Broker,
                    Packet::Subscribe(filters),
                );
                self.net.send(&mut self.queue, conn, End::Broker, hello);
            }
            Packet::Publish { topic, payload, .. } => {
                if topic == liar.topic(DeviceTopic::Job)
                    && let Ok(job) = Job::verify(&payload, &liar.job_keys)
                {
                    liar.job = Some(job);
                }
            }
            Packet::Connack { .. }
            | Packet::Puback { .. }
            | Packet::Connect { .. }
            | Packet::Subscribe(_) => {}
        }
    }
}

/// Somebody who can put messages on a device's connection, but has none of our keys.
#[derive(Debug)]
pub struct Forger {
    pub stream: Stream,
    /// Jobs seen on the wire, to be shown again.
    seen: Vec<(DeviceId, Arc<[u8]>)>,
}

/// Jobs that a forger remembers.
const SEEN_MAX: usize = 40;

impl Forger {
    #[must_use]
    pub const fn new(stream: Stream) -> Self {
        Self {
            stream,
            seen: Vec::new(),
        }
    }

    pub fn sees(&mut self, device: &DeviceId, job: &[u8]) {
        if job.is_empty() {
            return;
        }
        let seen = (device.clone(), job.into());
        if self.seen.len() < SEEN_MAX {
            self.seen.push(seen);
        } else {
            let at = self.stream.below(SEEN_MAX);
            self.seen[at] = seen;
        }
    }
}

impl Sim {
    /// A false or stale job reaches a device.
    pub fn forge(&mut self) {
        if self.is_peaceful {
            return;
        }
        if let Some(every_ms) = self.plan.weather.forge_every_ms {
            let wait_ms = self.forger.stream.within(1..=2 * every_ms);
            self.queue.after(wait_ms, Event::Forge);
        }
        let at = self.forger.stream.below(self.devices.len());
        let device = &self.devices[at];
        let Some(conn) = device.connection() else {
            return;
        };
        let (id, model) = (device.id.clone(), device.model);
        let payload = match self.forger.stream.below(4) {
            0 if !self.forger.seen.is_empty() => {
                self.count("job_replayed");
                self.forger.stream.pick(&self.forger.seen).1
            }
            kind => {
                self.count("job_forged");
                self.rogue_job(&id, model, kind)
            }
        };
        let topic = Topic::Device(id, DeviceTopic::Job).to_string();
        let packet = Packet::Publish {
            topic,
            payload,
            id: None,
            retain: false,
        };
        self.net.send(&mut self.queue, conn, End::Client, packet);
    }

    /// An order to run what nobody we trust has signed.
    fn rogue_job(&mut self, id: &DeviceId, model: usize, kind: usize) -> Arc<[u8]> {
        use fleetfold_schemas::{
            Digest,
            job::{Installation, Offer},
        };
        let mut firmware = self.catalog.models[model].releases[0].clone();
        firmware.image = Arc::clone(&self.catalog.rogue_image);
        firmware.digest = Digest::of(&firmware.image);
        firmware.sequence = 10_000;
        let model = &self.catalog.models[model];
        let size_bytes = firmware.image.len() as u64;
        let now = self.queue.now_ms();
        let job = Job {
            device: id.clone(),
            campaign: "rogue".parse().expect("our own names are valid"),
            attempt: 1,
            // Above all that the device has obeyed.
            sequence: 1 << 40,
            kind: JobKind::Install(Installation {
                envelope: model.manifest(&firmware, firmware.sequence, &self.catalog.rogue_key),
                target: firmware.digest,
                size_bytes,
                offers: vec![Offer::Full {
                    digest: firmware.digest,
                    size_bytes,
                }],
            }),
            issued_ms: now,
            expires_ms: now + 600 * MINUTE_MS,
            install_window: None,
            stage_limit_ms: 600 * MINUTE_MS,
            conditions: None,
            not_before_ms: None,
        };
        // A stolen job key alone must not be enough either; but then the sequence would lock the device out.
        let mut bytes = job.sign(&self.catalog.rogue_key);
        if kind == 1 {
            let at = self.forger.stream.below(bytes.len());
            bytes[at] ^= 1;
        }
        bytes.into()
    }
}
