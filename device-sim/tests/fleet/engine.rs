//! Just enough of an engine behind the real broker: logins, jobs, chunks, acknowledgements.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold_broker::{
    Broker, BrokerConfig, DisconnectCause, Host, Identity, Login, LoginRefused, Qos, Received,
    RetainedSink,
};
use fleetfold_device_sim::{
    agent::Inventory,
    fleet::{Credential, DeviceSpec},
};
use fleetfold_schemas::{
    CampaignId, DeviceId, DeviceTopic, Digest, ModelId, Name, Sha256, Topic, Version,
    codec::decode_from_device,
    cose::TrustedKeys,
    device::{ChunkData, ChunkGet, Hello, JobReport, JobState, Report, Running},
    job::{Installation, Job, JobKind, Offer},
    suit::{self, Manifest},
    token::{self, Expect},
};
use tokio::sync::Notify;

pub const SITE: &str = "bench";
pub const VENDOR: &str = "acme.example";
/// The only job there is.
pub const JOB: u64 = 7;

pub fn model() -> ModelId {
    ModelId::parse("sensor").expect("valid")
}

pub fn version(text: &str) -> Version {
    Version::parse(text).expect("valid")
}

pub fn trusted(seed: u8) -> TrustedKeys {
    TrustedKeys::from_iter([SigningKey::from_bytes(&[seed; 32]).verifying_key()])
}

fn device_key(device: &DeviceId) -> SigningKey {
    SigningKey::from_bytes(blake3::hash(device.as_str().as_bytes()).as_bytes())
}

pub fn device(index: usize, image: &Arc<[u8]>) -> DeviceSpec {
    let id = DeviceId::parse(&format!("dev-{index:05}")).expect("valid");
    DeviceSpec {
        credential: Credential::Key(device_key(&id)),
        id,
        model: model(),
        image: Arc::clone(image),
        version: version("1.0.0"),
        manifest_sequence: 0,
        inventory: Inventory::default(),
    }
}

/// The new image, the delta that leads to it from the old one, and what was signed about it.
pub struct Offering {
    pub image: Arc<[u8]>,
    pub delta: Vec<u8>,
    from: Digest,
    envelope: Vec<u8>,
}

impl Offering {
    pub fn new(old: &[u8], new: &[u8]) -> Self {
        let mut stream = Vec::new();
        bidiff::simple_diff(old, new, &mut stream).expect("memory is the only sink");
        let vendor_id = suit::vendor_id(VENDOR);
        let manifest = Manifest {
            sequence: 20,
            vendor_id,
            class_id: suit::class_id(vendor_id, &model()),
            component: Name::parse(suit::FIRMWARE).expect("valid"),
            image_sha256: Sha256::of(new),
            image_size_bytes: new.len() as u64,
            version: version("2.0.0"),
            uri: "fleetfold:image".to_owned(),
        };
        Self {
            image: new.into(),
            delta: zstd::encode_all(&stream[..], 19).expect("memory is the only sink"),
            from: Digest::of(old),
            envelope: manifest.sign(&SigningKey::from_bytes(&[1; 32])),
        }
    }

    fn job(&self, device: &DeviceId, by_delta: bool) -> Vec<u8> {
        let target = Digest::of(&self.image);
        let size_bytes = self.image.len() as u64;
        let mut offers = vec![Offer::Full {
            digest: target,
            size_bytes,
        }];
        if by_delta {
            offers.push(Offer::Delta {
                digest: Digest::of(&self.delta),
                size_bytes: self.delta.len() as u64,
                from: self.from,
                format: "bidiff-zstd".to_owned(),
            });
        }
        let job = Job {
            device: device.clone(),
            campaign: CampaignId::parse("spring").expect("valid"),
            attempt: 1,
            sequence: JOB,
            kind: JobKind::Install(Installation {
                envelope: self.envelope.clone(),
                target,
                size_bytes,
                offers,
            }),
            issued_ms: 0,
            expires_ms: u64::MAX,
            install_window: None,
            stage_limit_ms: u64::from(u32::MAX),
            conditions: None,
            not_before_ms: None,
        };
        job.sign(&SigningKey::from_bytes(&[2; 32]))
    }
}

/// What the engine knows of one device.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub login: u64,
    pub number: (u64, u64),
    pub running: Option<Running>,
    pub job: Option<JobReport>,
}

impl Known {
    pub fn is_final(&self) -> bool {
        self.job
            .as_ref()
            .is_some_and(|job| !matches!(job.state, JobState::InProgress { .. }))
    }
}

pub struct Engine {
    broker: OnceLock<Broker>,
    artifacts: HashMap<Digest, Bytes>,
    offering: Offering,
    /// Whether a device is offered the delta.
    by_delta: fn(&DeviceId) -> bool,
    devices: Mutex<HashMap<DeviceId, Known>>,
    pub news: Notify,
}

impl Engine {
    pub async fn start(offering: Offering, by_delta: fn(&DeviceId) -> bool) -> (Arc<Self>, u16) {
        let artifacts = [offering.image.to_vec(), offering.delta.clone()]
            .map(|bytes| (Digest::of(&bytes), Bytes::from(bytes)));
        let engine = Arc::new(Self {
            broker: OnceLock::new(),
            artifacts: artifacts.into(),
            offering,
            by_delta,
            devices: Mutex::default(),
            news: Notify::new(),
        });
        let listen = "127.0.0.1:0".parse().expect("an address");
        let broker = Broker::start(BrokerConfig::new(listen), Arc::clone(&engine))
            .await
            .expect("a free port");
        let port = broker.address().port();
        engine.broker.set(broker).unwrap_or_else(|_| unreachable!());
        (engine, port)
    }

    pub fn known(&self) -> MutexGuard<'_, HashMap<DeviceId, Known>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many devices have told how their job ended.
    pub async fn finals(&self, count: usize) {
        self.finals_after(0, count).await;
    }

    /// The same, in a boot after this one.
    pub async fn finals_after(&self, epoch: u64, count: usize) {
        loop {
            let news = self.news.notified();
            let finals = self
                .known()
                .values()
                .filter(|known| known.is_final() && known.number.0 > epoch)
                .count();
            if finals >= count {
                return;
            }
            news.await;
        }
    }

    /// Ends every connection and waits until all devices have said hello again.
    pub async fn reconnect_everyone(&self) {
        let before = self.known().clone();
        for (id, known) in &before {
            let who = Identity::Device {
                id: id.clone(),
                login_counter: Some(known.login),
            };
            if let Some(broker) = self.broker.get() {
                broker.disconnect(&who, DisconnectCause::Administrative);
            }
        }
        loop {
            let news = self.news.notified();
            let is_back = self
                .known()
                .iter()
                .all(|(id, known)| known.number > before[id].number);
            if is_back {
                return;
            }
            news.await;
        }
    }

    fn note(
        &self,
        device: &DeviceId,
        number: (u64, u64),
        running: Running,
        job: Option<JobReport>,
    ) {
        let mut devices = self.known();
        let known = devices.entry(device.clone()).or_default();
        if number > known.number {
            known.number = number;
            known.running = Some(running);
            known.job = job;
            self.news.notify_waiters();
        }
    }

    fn serve(&self, device: &DeviceId, request: &ChunkGet) {
        let from = usize::try_from(request.offset).expect("small");
        let content = self
            .artifacts
            .get(&request.digest)
            .and_then(|artifact| artifact.get(from..from + request.length as usize))
            .map(<[u8]>::to_vec)
            .ok_or_else(|| "chunk_range".to_owned());
        let data = ChunkData {
            digest: request.digest,
            offset: request.offset,
            content,
        };
        if let Some(broker) = self.broker.get() {
            let topic = Topic::Device(device.clone(), DeviceTopic::ChunkData);
            broker.publish(&topic, data.encode().into(), Qos::AtMostOnce);
        }
    }
}

impl Host for Engine {
    async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        let id = DeviceId::parse(&login.username).map_err(|_| LoginRefused::BadCredentials)?;
        let password =
            std::str::from_utf8(&login.password).map_err(|_| LoginRefused::BadCredentials)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut devices = self.known();
        let known = devices.entry(id.clone()).or_default();
        let expect = Expect {
            device: &id,
            site: SITE,
            now_s: now.map_or(0, |since| since.as_secs()),
            last_counter: (known.login > 0).then_some(known.login),
            skew_s: 5,
        };
        let claims = token::verify(password, &device_key(&id).verifying_key(), &expect)
            .map_err(|_| LoginRefused::BadCredentials)?;
        known.login = claims.counter;
        let login_counter = Some(claims.counter);
        Ok(Identity::Device { id, login_counter })
    }

    async fn receive(&self, batch: Vec<Received>) {
        for message in batch {
            let Topic::Device(device, topic) = &message.topic else {
                message.ack.refuse("malformed");
                continue;
            };
            match topic {
                DeviceTopic::Hello => {
                    let hello: Hello = read(&message.payload);
                    self.note(device, (hello.epoch, hello.seq), hello.running, hello.job);
                    message.session.admit(None);
                }
                DeviceTopic::Report => {
                    let report: Report = read(&message.payload);
                    self.note(
                        device,
                        (report.epoch, report.seq),
                        report.running,
                        report.job,
                    );
                }
                DeviceTopic::ChunkGet => self.serve(device, &read(&message.payload)),
                _ => {}
            }
            message.ack.accept();
        }
    }

    async fn retained(&self, who: &Identity, filter: &str, sink: RetainedSink) {
        if let Identity::Device { id, .. } = who {
            let topic = Topic::Device(id.clone(), DeviceTopic::Job);
            if topic.to_string() == filter {
                let job = self.offering.job(id, (self.by_delta)(id));
                // The session may have ended meanwhile; the next one asks again.
                let _ = sink.deliver(&topic, job.into()).await;
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(payload: &[u8]) -> T {
    decode_from_device(payload)
        .expect("a device writes what an engine reads")
        .message
}
