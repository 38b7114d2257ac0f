//! Every topic there is, spelled in this file alone.
//!
//! A topic parses to exactly one value and prints back to the same text, so a string that is not one of ours never gets
//! past the edge. Who may use which topic is the broker's business (its `acl` module).

use alloc::{format, string::String};
use core::fmt;

use crate::id::{AlertId, CampaignId, DeviceId, Digest, ModelId, OperatorId, TicketId, Version};

/// All topics begin with this.
pub const ROOT: &str = "fleet/v1";

/// One topic of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    Device(DeviceId, DeviceTopic),
    Operator(OperatorId, OperatorTopic),
    Campaign(CampaignId, CampaignTopic),
    Release(ModelId, Version),
    FleetSummary,
    /// What someone should look at; empty when it is over.
    Alert(AlertId),
    /// A device that someone should look at; empty once it is closed.
    Ticket(TicketId),
    /// Committed facts in order, for auditors.
    LogFacts,
}

/// What a device says and hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceTopic {
    Hello,
    Report,
    Presence,
    Ack,
    Job,
    Status,
    ChunkGet,
    ChunkData,
}

/// What an operator says and hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperatorTopic {
    Command,
    Reply,
    /// A piece of an artifact, named by the digest of the whole and the piece's offset in bytes.
    Upload(Digest, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CampaignTopic {
    Status,
    Report,
    /// What came of its last rehearsal.
    Rehearsal,
}

/// The text is not one of our topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Fleetfold topic")]
pub struct UnknownTopic;

impl DeviceTopic {
    pub const ALL: [Self; 8] = [
        Self::Hello,
        Self::Report,
        Self::Presence,
        Self::Ack,
        Self::Job,
        Self::Status,
        Self::ChunkGet,
        Self::ChunkData,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Report => "report",
            Self::Presence => "presence",
            Self::Ack => "ack",
            Self::Job => "job",
            Self::Status => "status",
            Self::ChunkGet => "chunk/get",
            Self::ChunkData => "chunk/data",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text)
    }
}

impl CampaignTopic {
    pub const ALL: [Self; 3] = [Self::Status, Self::Report, Self::Rehearsal];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Report => "report",
            Self::Rehearsal => "rehearsal",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text)
    }
}

impl Topic {
    /// Reads a topic name (not a filter).
    pub fn parse(text: &str) -> Result<Self, UnknownTopic> {
        Self::parse_below_root(text).ok_or(UnknownTopic)
    }

    fn parse_below_root(text: &str) -> Option<Self> {
        let path = text.strip_prefix(ROOT)?.strip_prefix('/')?;
        let (kind, rest) = path.split_once('/')?;
        match kind {
            "devices" => {
                let (device, topic) = rest.split_once('/')?;
                Some(Self::Device(
                    DeviceId::parse(device).ok()?,
                    DeviceTopic::parse(topic)?,
                ))
            }
            "operators" => {
                let (operator, topic) = rest.split_once('/')?;
                Some(Self::Operator(
                    OperatorId::parse(operator).ok()?,
                    OperatorTopic::parse(topic)?,
                ))
            }
            "campaigns" => {
                let (campaign, topic) = rest.split_once('/')?;
                Some(Self::Campaign(
                    CampaignId::parse(campaign).ok()?,
                    CampaignTopic::parse(topic)?,
                ))
            }
            "releases" => {
                let (model, version) = rest.split_once('/')?;
                Some(Self::Release(
                    ModelId::parse(model).ok()?,
                    Version::parse(version).ok()?,
                ))
            }
            "alerts" => Some(Self::Alert(AlertId::parse(rest).ok()?)),
            "tickets" => Some(Self::Ticket(TicketId::parse(rest).ok()?)),
            "fleet" if rest == "summary" => Some(Self::FleetSummary),
            "log" if rest == "facts" => Some(Self::LogFacts),
            _ => None,
        }
    }
}

impl OperatorTopic {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "command" => Some(Self::Command),
            "reply" => Some(Self::Reply),
            _ => {
                let (digest, offset) = text.strip_prefix("upload/")?.split_once('/')?;
                let canonical = offset == "0" || !offset.starts_with(['0', '+']);
                if !canonical {
                    return None;
                }
                Some(Self::Upload(
                    Digest::parse(digest).ok()?,
                    offset.parse().ok()?,
                ))
            }
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device, topic) => write!(f, "{ROOT}/devices/{device}/{}", topic.as_str()),
            Self::Operator(operator, OperatorTopic::Command) => {
                write!(f, "{ROOT}/operators/{operator}/command")
            }
            Self::Operator(operator, OperatorTopic::Reply) => {
                write!(f, "{ROOT}/operators/{operator}/reply")
            }
            Self::Operator(operator, OperatorTopic::Upload(digest, offset)) => {
                write!(f, "{ROOT}/operators/{operator}/upload/{digest}/{offset}")
            }
            Self::Campaign(campaign, topic) => {
                write!(f, "{ROOT}/campaigns/{campaign}/{}", topic.as_str())
            }
            Self::Release(model, version) => write!(f, "{ROOT}/releases/{model}/{version}"),
            Self::Alert(alert) => write!(f, "{ROOT}/alerts/{alert}"),
            Self::Ticket(ticket) => write!(f, "{ROOT}/tickets/{ticket}"),
            Self::FleetSummary => write!(f, "{ROOT}/fleet/summary"),
            Self::LogFacts => write!(f, "{ROOT}/log/facts"),
        }
    }
}

/// Filters that programs of ours subscribe to.
pub mod filter {
    use super::{DeviceId, ROOT, String, format};

    #[must_use]
    pub fn every_device_status() -> String {
        format!("{ROOT}/devices/+/status")
    }

    #[must_use]
    pub fn everything_of_device(device: &DeviceId) -> String {
        format!("{ROOT}/devices/{device}/#")
    }

    #[must_use]
    pub fn every_campaign_status() -> String {
        format!("{ROOT}/campaigns/+/status")
    }

    #[must_use]
    pub fn every_campaign_report() -> String {
        format!("{ROOT}/campaigns/+/report")
    }

    #[must_use]
    pub fn every_alert() -> String {
        format!("{ROOT}/alerts/+")
    }

    #[must_use]
    pub fn every_ticket() -> String {
        format!("{ROOT}/tickets/+")
    }

    #[must_use]
    pub fn every_release() -> String {
        format!("{ROOT}/releases/+/+")
    }
}

/// Whether an MQTT topic filter matches a topic name (MQTT 5.0 section 4.7).
///
/// Both must be well formed; a filter that begins with a wildcard does not match topics that begin with `$`.
#[must_use]
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut names = topic.split('/');
    for level in filter.split('/') {
        if level == "#" {
            return true;
        }
        match names.next() {
            Some(name) if level == "+" || level == name => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_prints_back_to_what_it_was_read_from() {
        let digest = "ab".repeat(32);
        let mut texts = alloc::vec![
            format!("{ROOT}/operators/admin/command"),
            format!("{ROOT}/operators/admin/reply"),
            format!("{ROOT}/operators/admin/upload/{digest}/0"),
            format!("{ROOT}/operators/admin/upload/{digest}/1048576"),
            format!("{ROOT}/campaigns/spring/status"),
            format!("{ROOT}/campaigns/spring/report"),
            format!("{ROOT}/campaigns/spring/rehearsal"),
            format!("{ROOT}/releases/sensor_v2/2.0.0-rc.1"),
            format!("{ROOT}/alerts/storage_low"),
            format!("{ROOT}/alerts/{}-failure_rate", "c".repeat(128)),
            format!("{ROOT}/tickets/t-4711"),
            format!("{ROOT}/fleet/summary"),
            format!("{ROOT}/log/facts"),
        ];
        for topic in DeviceTopic::ALL {
            texts.push(format!("{ROOT}/devices/d-1/{}", topic.as_str()));
        }
        for text in texts {
            assert_eq!(format!("{}", Topic::parse(&text).expect(&text)), text);
        }
    }

    #[test]
    fn a_topic_that_is_almost_one_of_ours_is_not() {
        let digest = "ab".repeat(32);
        for text in [
            "",
            "fleet/v1",
            "fleet/v1/",
            "fleet/v2/fleet/summary",
            "fleet/v1/devices/d/hello/",
            "fleet/v1/devices//hello",
            "fleet/v1/devices/+/hello",
            "fleet/v1/devices/d/chunk",
            "fleet/v1/fleet/summary/x",
            "fleet/v1/tickets/4711",
            "fleet/v1/tickets/t-04711",
            "fleet/v1/tickets/t-+1",
            "fleet/v1/tickets/t-",
            &format!("fleet/v1/operators/a/upload/{digest}/01"),
            &format!("fleet/v1/operators/a/upload/{digest}/+1"),
            &format!("fleet/v1/operators/a/upload/{digest}/-1"),
        ] {
            assert_eq!(Topic::parse(text), Err(UnknownTopic), "{text}");
        }
    }

    #[test]
    fn filters_match_as_the_standard_says() {
        for (filter, topic, expected) in [
            ("a/b", "a/b", true),
            ("a/+", "a/b", true),
            ("a/+", "a", false),
            ("a/+", "a/b/c", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("#", "a/b", true),
            ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false),
            ("+", "/a", false),
            ("+/+", "/a", true),
            ("a/+/c", "a//c", true),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} against {topic}");
        }
    }
}
