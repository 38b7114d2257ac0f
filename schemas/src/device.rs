//! What devices say, and what the engine says to them outside the signed job.
//!
//! Device to engine: maps with text keys, CBOR or JSON; unknown keys are ignored and counted, so newer devices can talk
//! to older engines. Engine to device: CBOR maps with integer keys; a key at or above 0 must be understood, a negative
//! one may be ignored.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use ciborium::Value;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{
    codec::{DecodeError, decode_value},
    id::{DeviceId, Digest, ModelId, Name, TimeZoneName, Version, printable},
};

/// The protocol version this crate describes.
pub const PROTOCOL: u32 = 1;
/// Longest message in an error report, in characters: a line for a person, not a dump.
pub const ERROR_MESSAGE_CHARS_MAX: usize = 256;
/// Most tags, capabilities or attributes in a hello, each. Inventories beyond that belong in an asset register.
pub const INVENTORY_ITEMS_MAX: usize = 32;
/// Largest piece of an artifact a device may ask for at once.
pub const CHUNK_BYTES_MAX: u32 = 32 * 1024;

/// The first message of every connection: who the device is and what it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    /// Counts boots; persisted, so it never falls.
    pub epoch: u64,
    /// Counts hellos and reports within the epoch, from 1.
    pub seq: u64,
    pub model: ModelId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Version>,
    /// What the device can do beyond the minimum, such as `bidiff-zstd`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    /// By whose clock its maintenance windows open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Name>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<Name, String>,
    pub running: Running,
    /// The image in the slot that does not run, if there is a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<Image>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobReport>,
}

/// A numbered snapshot of the device. It says how things are, not what changed, so a lost one costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub epoch: u64,
    pub seq: u64,
    pub running: Running,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobReport>,
    /// How long the last boot took until the self-test was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<u64>,
    /// How fast the battery has run down since the last boot: hundredths of a percent of its capacity a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_drain_bp_per_day: Option<u64>,
    /// How often the device has rebooted without having been asked to, ever: crashes, watchdogs, brown-outs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unexpected_reboots: Option<u64>,
}

/// What runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Running {
    #[n(0)]
    pub slot: Slot,
    #[n(1)]
    pub version: Version,
    #[n(2)]
    pub digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Image {
    #[n(0)]
    pub version: Version,
    #[n(1)]
    pub digest: Digest,
}

/// One of the two places for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Slot {
    #[n(0)]
    A,
    #[n(1)]
    B,
}

impl Slot {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// How far a device is with a job.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Stage {
    #[n(0)]
    Downloading,
    #[n(1)]
    Verifying,
    #[n(2)]
    Installing,
    #[n(3)]
    Rebooting,
    /// The new image runs its self-test; it is not confirmed yet.
    #[n(4)]
    Trial,
    #[n(5)]
    Confirmed,
}

impl Stage {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Downloading => "downloading",
            Self::Verifying => "verifying",
            Self::Installing => "installing",
            Self::Rebooting => "rebooting",
            Self::Trial => "trial",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Why an update failed, in the classes that retries and reports are made by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum ErrorClass {
    /// The bytes could not be fetched. A matter of transport: says nothing about the release.
    #[n(0)]
    Download,
    /// Signature, digest, size or applicability was wrong.
    #[n(1)]
    Verification,
    /// Writing or switching the slot failed.
    #[n(2)]
    Installation,
    /// The new image ran but did not pass its self-test.
    #[n(3)]
    SelfTest,
    /// The device declined the job.
    #[n(4)]
    Rejected,
    /// Accepted, then silent past its deadline. Only the engine says so.
    #[n(5)]
    LostContact,
    /// The device says it succeeded but does not run the target image. Only the engine says so.
    #[n(6)]
    NotAttested,
}

impl ErrorClass {
    pub const ALL: [Self; 7] = [
        Self::Download,
        Self::Verification,
        Self::Installation,
        Self::SelfTest,
        Self::Rejected,
        Self::LostContact,
        Self::NotAttested,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Verification => "verification",
            Self::Installation => "installation",
            Self::SelfTest => "self_test",
            Self::Rejected => "rejected",
            Self::LostContact => "lost_contact",
            Self::NotAttested => "not_attested",
        }
    }

    /// Whether a device may report this class itself.
    #[must_use]
    pub const fn is_reportable(self) -> bool {
        !matches!(self, Self::LostContact | Self::NotAttested)
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What went wrong: the class for the engine, a stable code for programs, a line for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct DeviceError {
    #[n(0)]
    pub class: ErrorClass,
    #[n(1)]
    pub code: Name,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[n(2)]
    pub message: String,
}

/// The state of one job, named by its sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JobReportWire", into = "JobReportWire")]
pub struct JobReport {
    pub sequence: u64,
    pub state: JobState,
}

/// The code of a job that a device gave up because it had waited for too long.
pub const PRECONDITION_UNMET: &str = "precondition_unmet";
/// The code of a job that a device gave up because its user had put it off as often as possible.
pub const CONSENT_DENIED: &str = "consent_denied";

/// What a device waits for before it goes on with its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    #[serde(rename = "for")]
    pub what: WaitingFor,
    /// When it looks again, or knows that it goes on; zero says no more than leaving it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// How often its user has put it off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub postponed: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum WaitingFor {
    /// To be charged.
    #[n(0)]
    Battery,
    /// Room to download.
    #[n(1)]
    Space,
    /// To be plugged in.
    #[n(2)]
    Power,
    /// Its user to agree.
    #[n(3)]
    Consent,
    /// The install window to open.
    #[n(4)]
    Window,
    /// The time at which the job lets it begin.
    #[n(5)]
    Start,
    /// Reasons of its own, or a word that this program does not know.
    #[n(6)]
    #[serde(other)]
    Other,
}

impl WaitingFor {
    pub const ALL: [Self; 7] = [
        Self::Battery,
        Self::Space,
        Self::Power,
        Self::Consent,
        Self::Window,
        Self::Start,
        Self::Other,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Battery => "battery",
            Self::Space => "space",
            Self::Power => "power",
            Self::Consent => "consent",
            Self::Window => "window",
            Self::Start => "start",
            Self::Other => "other",
        }
    }

    /// Whether it ends by the clock alone.
    #[must_use]
    pub const fn is_timed(self) -> bool {
        matches!(self, Self::Window | Self::Start)
    }
}

impl fmt::Display for WaitingFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    InProgress {
        stage: Stage,
        /// Of this stage, 0 to 100.
        progress_percent: Option<u8>,
        /// Set while the device does nothing about it.
        waiting: Option<Waiting>,
    },
    /// Confirmed and running: the snapshot's running digest must be the job's target.
    Succeeded,
    /// `restored`: the new image had been booted, and the device has returned to its previous one.
    Failed {
        error: DeviceError,
        restored: bool,
    },
    /// The device will not do this job (wrong model, bad signature, policy of its own).
    Rejected {
        error: DeviceError,
    },
    Canceled,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JobStatusWire {
    InProgress,
    Succeeded,
    Failed,
    Rejected,
    Canceled,
}

#[derive(Clone, Serialize, Deserialize)]
struct JobReportWire {
    sequence: u64,
    status: JobStatusWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<Waiting>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<DeviceError>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    restored: bool,
}

impl TryFrom<JobReportWire> for JobReport {
    type Error = &'static str;

    fn try_from(wire: JobReportWire) -> Result<Self, Self::Error> {
        let error = |wire: Option<DeviceError>| {
            let mut error = wire.ok_or("a failed or rejected job needs an error")?;
            if !error.class.is_reportable() {
                return Err("this error class is the engine's to give");
            }
            error.message = printable(&error.message, ERROR_MESSAGE_CHARS_MAX);
            Ok(error)
        };
        let state = match wire.status {
            JobStatusWire::InProgress => {
                if wire.progress.is_some_and(|percent| percent > 100) {
                    return Err("progress is a percentage, 0 to 100");
                }
                JobState::InProgress {
                    stage: wire.stage.ok_or("a job in progress needs a stage")?,
                    progress_percent: wire.progress,
                    waiting: wire.waiting,
                }
            }
            JobStatusWire::Succeeded => JobState::Succeeded,
            JobStatusWire::Failed => JobState::Failed {
                error: error(wire.error)?,
                restored: wire.restored,
            },
            JobStatusWire::Rejected => JobState::Rejected {
                error: error(wire.error)?,
            },
            JobStatusWire::Canceled => JobState::Canceled,
        };
        Ok(Self {
            sequence: wire.sequence,
            state,
        })
    }
}

impl From<JobReport> for JobReportWire {
    fn from(report: JobReport) -> Self {
        let mut wire = Self {
            sequence: report.sequence,
            status: JobStatusWire::Canceled,
            stage: None,
            progress: None,
            waiting: None,
            error: None,
            restored: false,
        };
        match report.state {
            JobState::InProgress {
                stage,
                progress_percent,
                waiting,
            } => {
                wire.status = JobStatusWire::InProgress;
                wire.stage = Some(stage);
                wire.progress = progress_percent;
                wire.waiting = waiting;
            }
            JobState::Succeeded => wire.status = JobStatusWire::Succeeded,
            JobState::Failed { error, restored } => {
                wire.status = JobStatusWire::Failed;
                wire.error = Some(error);
                wire.restored = restored;
            }
            JobState::Rejected { error } => {
                wire.status = JobStatusWire::Rejected;
                wire.error = Some(error);
            }
            JobState::Canceled => {}
        }
        wire
    }
}

/// Whether a device is connected; retained by the device, and its will says `online: false`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub online: bool,
    pub epoch: u64,
}

/// A device asks for a piece of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkGet {
    pub digest: Digest,
    pub offset: u64,
    pub length: u32,
}

/// The piece, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkData {
    pub digest: Digest,
    pub offset: u64,
    pub content: Result<Vec<u8>, String>,
}

/// Everything up to this number is on disk, or, with a code, the message of this number was refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    pub epoch: u64,
    pub seq: u64,
    pub code: Option<String>,
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl Serialize for Ack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2 + usize::from(self.code.is_some())))?;
        map.serialize_entry(&0u8, &self.epoch)?;
        map.serialize_entry(&1u8, &self.seq)?;
        if let Some(code) = &self.code {
            map.serialize_entry(&2u8, code)?;
        }
        map.end()
    }
}

impl Serialize for ChunkData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry(&0u8, &self.digest)?;
        map.serialize_entry(&1u8, &self.offset)?;
        match &self.content {
            Ok(bytes) => map.serialize_entry(&2u8, &Bytes(bytes))?,
            Err(code) => map.serialize_entry(&3u8, code)?,
        }
        map.end()
    }
}

/// The entries of a map with integer keys, of which every one at or above 0 must be asked for.
struct IntegerMap(BTreeMap<i128, Value>);

impl IntegerMap {
    fn read(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError> {
        let Value::Map(entries) = decode_value(bytes, bytes_max)? else {
            return Err(DecodeError::malformed("a map was expected"));
        };
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let Value::Integer(key) = key else {
                return Err(DecodeError::malformed("an integer key was expected"));
            };
            if i128::from(key) >= 0 {
                map.insert(key.into(), value);
            }
        }
        Ok(Self(map))
    }

    fn unsigned(&mut self, key: i128) -> Result<u64, DecodeError> {
        match self.0.remove(&key) {
            Some(Value::Integer(value)) => {
                u64::try_from(value).map_err(|_| DecodeError::malformed("a number is out of range"))
            }
            _ => Err(DecodeError::malformed("a number is missing")),
        }
    }

    fn bytes(&mut self, key: i128) -> Result<Option<Vec<u8>>, DecodeError> {
        match self.0.remove(&key) {
            None => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            Some(_) => Err(DecodeError::malformed("a byte string was expected")),
        }
    }

    fn text(&mut self, key: i128) -> Result<Option<String>, DecodeError> {
        match self.0.remove(&key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(DecodeError::malformed("a text was expected")),
        }
    }

    fn finish(self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::malformed(
                "a key that must be understood is unknown",
            ))
        }
    }
}

impl Ack {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        crate::codec::encode_cbor(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut map = IntegerMap::read(bytes, 1024)?;
        let ack = Self {
            epoch: map.unsigned(0)?,
            seq: map.unsigned(1)?,
            code: map.text(2)?,
        };
        map.finish()?;
        Ok(ack)
    }
}

impl ChunkData {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        crate::codec::encode_cbor(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut map = IntegerMap::read(bytes, CHUNK_BYTES_MAX as usize + 1024)?;
        let digest = map
            .bytes(0)?
            .and_then(|bytes| bytes.try_into().ok())
            .map(Digest)
            .ok_or(DecodeError::malformed("a digest is missing"))?;
        let offset = map.unsigned(1)?;
        let content = match (map.bytes(2)?, map.text(3)?) {
            (Some(bytes), None) => Ok(bytes),
            (None, Some(code)) => Err(code),
            _ => {
                return Err(DecodeError::malformed(
                    "either bytes or a code was expected",
                ));
            }
        };
        map.finish()?;
        Ok(Self {
            digest,
            offset,
            content,
        })
    }
}

/// The last will of a device and the presence it retains while connected.
#[must_use]
pub fn presence_topic(device: &DeviceId) -> crate::Topic {
    crate::Topic::Device(device.clone(), crate::DeviceTopic::Presence)
}
