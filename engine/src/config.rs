//! `fleetfold.yaml`: what an operator may configure, each with its default.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use fleetfold_core::calendar::check_zones;
use fleetfold_schemas::{
    Name,
    approval::ApprovalPolicy,
    campaign::{CampaignDefaults, DAY_MS},
    report::Prices,
};
use serde::Deserialize;

use crate::{
    server::{Archive, Keeping},
    webhook::{Target, TargetError},
    yaml::{self, YamlError},
};

const MIB: u64 = 1024 * 1024;
/// Who has not taken a few hundred bytes by then does not take them.
const WEBHOOK_TIMEOUT_SECONDS_MAX: u64 = 60;

/// Read from the working directory if it is there and nothing else is named.
pub const FILE: &str = "fleetfold.yaml";

/// All keys may be left out; unknown ones are refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory that holds everything the engine keeps. Default: `fleetfold-data`.
    pub data: PathBuf,
    /// The name of this installation, which device tokens name as their audience. It is fixed by the first start.
    /// Default: `fleetfold`.
    pub site: Name,
    /// Address and port for MQTT. Default: `127.0.0.1:1883`. Beyond loopback needs TLS, which is not there yet, and is
    /// refused.
    pub listen: SocketAddr,
    /// Address and port for `/metrics` and `/healthz`. Default: `127.0.0.1:9464`. Loopback only, as above.
    pub metrics_listen: SocketAddr,
    pub log: LogConfig,
    /// What holds for all campaigns that do not say otherwise, with the keys of a campaign's description. It is taken at every
    /// start, for campaigns created from then on.
    pub campaigns: CampaignDefaults,
    /// How many other people must approve what one has asked for, and for how long a request stays open. Taken at every start,
    /// for what is asked for and approved from then on. Default: nobody.
    pub approvals: ApprovalPolicy,
    /// What things cost, for the cost of a campaign in its report. Default: not known, and not reported.
    pub costs: Option<Prices>,
    /// Who is told of alerts and tickets over HTTP. Default: nobody.
    pub webhook: Option<WebhookConfig>,
}

/// How the event log is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// With less room than this on the log's file system, in MiB, nothing new starts: only pauses, cancels and reports on
    /// open work are taken, and the alert `storage_low` is raised. Default: 512.
    pub free_space_floor_mib: u64,
    /// The size of a segment of the journal, in MiB: what is copied to an archive at once. Default: 64.
    pub segment_mib: u64,
    /// A snapshot is taken after every so many facts, so that a start has no more than these to fold. Default: 1000000.
    pub snapshot_every: u64,
    /// The directory to which complete segments of the journal are copied. It must exist. Without one nothing is copied, and
    /// nothing is ever dropped.
    pub archive: Option<PathBuf>,
    /// With an archive: how many days of history stay in the log as well. Default: 30.
    pub keep_days: u64,
}

/// Where alerts and tickets are told of. What it cannot be is refused at the start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Gets a POST for each. `https://`, or `http://` on this machine.
    pub url: String,
    /// What requests are signed with, shared with the other side: a file with `whsec_` and 24 to 64 bytes in Base64. While one
    /// is exchanged for another it has both, one a line. Default: requests are not signed.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Certificates, in PEM, of the authorities that vouch for the other side. Default: those that browsers trust.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A request that is not answered by then has failed, and is repeated. 1 to 60. Default: 10.
    #[serde(default = "WebhookConfig::default_timeout_seconds")]
    pub timeout_seconds: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            free_space_floor_mib: Keeping::default().floor_bytes / MIB,
            segment_mib: Keeping::default().segment_bytes / MIB,
            snapshot_every: Keeping::default().snapshot_every,
            archive: None,
            keep_days: 30,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("fleetfold-data"),
            site: Name::parse("fleetfold").expect("our own names are valid"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)),
            metrics_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            log: LogConfig::default(),
            campaigns: CampaignDefaults::default(),
            approvals: ApprovalPolicy::default(),
            costs: None,
            webhook: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(
        "{key}: {address} is not a loopback address, and nothing here is encrypted yet; use 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        key: &'static str,
        address: SocketAddr,
    },
    #[error("approvals.{key}: {what}")]
    Approvals { key: &'static str, what: String },
    #[error("webhook.{key}: {source}")]
    Webhook {
        key: &'static str,
        source: TargetError,
    },
    #[error("webhook.timeout_seconds: {seconds} is not from 1 to {WEBHOOK_TIMEOUT_SECONDS_MAX}")]
    WebhookTimeout { seconds: u64 },
    #[error("costs.{key}: {price} is no price; a number from 0 on is")]
    Price { key: &'static str, price: f64 },
}

impl Config {
    /// Reads the named file, or `fleetfold.yaml` if it is there, or takes the defaults.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let name = path.display().to_string();
                let config: Self = yaml::read(&text, &name)?;
                let checked = config.campaigns.check();
                let checked = checked.and_then(|spec| check_zones(&spec));
                checked.map_err(|error| yaml::refused(&text, &name, Some("campaigns"), &error))?;
                Ok(config)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Passwords and tokens would cross the network in the clear, and prices are numbers to reckon with.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, address) in [
            ("listen", self.listen),
            ("metrics_listen", self.metrics_listen),
        ] {
            if !address.ip().is_loopback() {
                return Err(ConfigError::NotLoopback { key, address });
            }
        }
        let checked = self.approvals.check();
        checked.map_err(|(key, what)| ConfigError::Approvals { key, what })?;
        let prices = self.costs.unwrap_or_default();
        for (key, price) in [
            ("per_gigabyte", prices.per_gigabyte),
            ("per_device_month", prices.per_device_month),
            ("operations_per_campaign", prices.operations_per_campaign),
            ("per_support_ticket", prices.per_support_ticket),
        ] {
            if !price.is_finite() || price < 0.0 {
                return Err(ConfigError::Price { key, price });
            }
        }
        if let Some(webhook) = &self.webhook {
            webhook.unsigned_target()?;
        }
        Ok(())
    }
}

impl WebhookConfig {
    const fn default_timeout_seconds() -> u64 {
        10
    }

    fn unsigned_target(&self) -> Result<Target, ConfigError> {
        let seconds = self.timeout_seconds;
        if !(1..=WEBHOOK_TIMEOUT_SECONDS_MAX).contains(&seconds) {
            return Err(ConfigError::WebhookTimeout { seconds });
        }
        let target = Target::new(&self.url, Duration::from_secs(seconds));
        target.map_err(refused_webhook("url"))
    }

    /// With what is in its files.
    pub fn target(&self) -> Result<Target, ConfigError> {
        let mut target = self.unsigned_target()?;
        if let Some(path) = &self.secret_file {
            let secrets = String::from_utf8(read(path)?);
            let secrets = secrets.map_err(|_| TargetError::Secret);
            let signed = secrets.and_then(|secrets| target.signed(&secrets));
            target = signed.map_err(refused_webhook("secret_file"))?;
        }
        if let Some(path) = &self.ca_file {
            let trusting = target.trusting(&read(path)?);
            target = trusting.map_err(refused_webhook("ca_file"))?;
        }
        Ok(target)
    }
}

fn refused_webhook(key: &'static str) -> impl FnOnce(TargetError) -> ConfigError {
    move |source| ConfigError::Webhook { key, source }
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

impl LogConfig {
    /// In the units that the server wants.
    #[must_use]
    pub fn keeping(&self) -> Keeping {
        Keeping {
            floor_bytes: self.free_space_floor_mib.saturating_mul(MIB),
            segment_bytes: self.segment_mib.max(1).saturating_mul(MIB),
            snapshot_every: self.snapshot_every.max(1),
            archive: self.archive.clone().map(|dir| Archive {
                dir,
                keep_ms: self.keep_days.saturating_mul(DAY_MS),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleetfold_schemas::campaign::CampaignDraft;

    #[test]
    fn the_documented_configuration_is_what_is_taken_without_one() {
        let text = include_str!("../../deploy/fleetfold.yaml");
        assert_eq!(
            yaml::read::<Config>(text, "fleetfold.yaml").unwrap(),
            Config::default()
        );
    }

    #[test]
    fn the_example_campaigns_can_be_carried_out() {
        let text = include_str!("../../deploy/examples/campaign.yaml");
        let draft: CampaignDraft = yaml::read(text, "campaign.yaml").unwrap();
        let spec = draft.resolve(&CampaignDefaults::default()).unwrap();
        assert_eq!(spec.groups.len(), 3);
        let text = include_str!("../../deploy/examples/nightly.yaml");
        let draft: CampaignDraft = yaml::read(text, "nightly.yaml").unwrap();
        let spec = draft.resolve(&CampaignDefaults::default()).unwrap();
        check_zones(&spec).unwrap();
        assert_eq!((spec.maintenance_windows.len(), spec.freezes.len()), (2, 1));
    }

    #[test]
    fn what_is_not_encrypted_does_not_leave_the_machine() {
        for (listen, is_taken) in [
            ("127.0.0.1:1883", true),
            ("[::1]:1883", true),
            ("0.0.0.0:1883", false),
            ("192.0.2.1:1883", false),
        ] {
            let config: Config = yaml::read(&format!("listen: '{listen}'"), "f.yaml").unwrap();
            assert_eq!(config.check().is_ok(), is_taken, "{listen}");
        }
    }

    #[test]
    fn approvals_are_few() {
        for (start, is_taken) in [("0", true), ("10", true), ("11", false)] {
            let text = format!("approvals:\n  start: {start}\n");
            let config: Config = yaml::read(&text, "f.yaml").unwrap();
            assert_eq!(config.check().is_ok(), is_taken, "{start}");
        }
    }

    #[test]
    fn a_webhook_is_called_encrypted_and_not_waited_for_long() {
        for (text, is_taken) in [
            ("url: https://alerts.example/x", true),
            ("url: http://alerts.example/x", false),
            ("url: alerts.example", false),
            (
                "{url: 'https://alerts.example/x', timeout_seconds: 60}",
                true,
            ),
            (
                "{url: 'https://alerts.example/x', timeout_seconds: 61}",
                false,
            ),
            (
                "{url: 'https://alerts.example/x', timeout_seconds: 0}",
                false,
            ),
        ] {
            let config: Config = yaml::read(&format!("webhook:\n  {text}\n"), "f.yaml").unwrap();
            assert_eq!(config.check().is_ok(), is_taken, "{text}");
        }
        let unnamed = yaml::read::<Config>("webhook: {secret_file: x}", "f.yaml");
        assert!(unnamed.is_err());
    }

    #[test]
    fn a_webhook_is_made_of_what_is_in_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        let webhook = WebhookConfig {
            url: "https://alerts.example/x".to_owned(),
            secret_file: Some(file.clone()),
            ca_file: None,
            timeout_seconds: 10,
        };
        let problem = |webhook: &WebhookConfig| webhook.target().unwrap_err().to_string();
        assert!(
            problem(&webhook).starts_with("cannot read"),
            "{}",
            problem(&webhook)
        );
        std::fs::write(&file, "secret\n").unwrap();
        assert!(
            problem(&webhook).starts_with("webhook.secret_file: "),
            "{}",
            problem(&webhook)
        );
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        assert!(webhook.target().is_ok());
        let webhook = WebhookConfig {
            ca_file: Some(file),
            ..webhook
        };
        assert!(
            problem(&webhook).starts_with("webhook.ca_file: "),
            "{}",
            problem(&webhook)
        );
    }

    #[test]
    fn a_price_is_a_number_from_zero_on() {
        for (price, is_taken) in [("0", true), ("0.09", true), ("-1", false), (".inf", false)] {
            let text = format!("costs:\n  per_gigabyte: {price}\n");
            let config: Config = yaml::read(&text, "f.yaml").unwrap();
            assert_eq!(config.check().is_ok(), is_taken, "{price}");
        }
    }
}
