//! An installation as seen from outside: an address, a data directory, and what an operator does with them.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ed25519_dalek::VerifyingKey;
use fleetfold::{
    client::{ConnectOptions, OperatorClient},
    server::{ADMIN, ADMIN_PASSWORD_FILE},
};
use fleetfold_device_sim::fleet::{Behaviour, Broker, DeviceSpec, Fleet, FleetConfig, SimClock};
use fleetfold_schemas::{
    CampaignId, OperatorId, Topic,
    campaign::CampaignSpec,
    command::{CampaignCommand, Command, CreateCampaign},
    cose::TrustedKeys,
    status::CampaignStatus,
    topic::CampaignTopic,
};

use crate::{
    Failure,
    firmware::{Model, VENDOR},
};

/// What every site of ours is called.
pub const NAME: &str = "tests";
/// Where the engine leaves the public half of its job key.
const JOB_PUBLIC_KEY_FILE: &str = "job.pub";
/// A command must come through several restarts in a row.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Well above what these fleets need, so that they are all there within a moment.
const CONNECTS_PER_SECOND: u32 = 500;

#[derive(Debug, Clone)]
pub struct Site {
    pub address: SocketAddr,
    pub data: PathBuf,
}

impl Site {
    /// Logs in as the administrator that the first start made.
    pub async fn operator(&self) -> Result<OperatorClient, Failure> {
        let password = std::fs::read_to_string(self.data.join(ADMIN_PASSWORD_FILE))?;
        let mut options = ConnectOptions::new(
            self.address.to_string(),
            OperatorId::parse(ADMIN)?,
            password.trim(),
        );
        options.reply_timeout = REPLY_TIMEOUT;
        Ok(OperatorClient::connect(options).await?)
    }

    /// Whom devices trust to sign jobs.
    pub fn job_keys(&self) -> Result<TrustedKeys, Failure> {
        let text = std::fs::read_to_string(self.data.join(JOB_PUBLIC_KEY_FILE))?;
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|error| error.to_string())?;
        Ok(std::iter::once(VerifyingKey::from_bytes(&key)?).collect())
    }

    /// Switches devices on.
    pub fn fleet(
        &self,
        model: &Model,
        devices: Vec<DeviceSpec>,
        behaviour: Behaviour,
        clock: SimClock,
        seed: u64,
    ) -> Result<Fleet, Failure> {
        Ok(Fleet::start(FleetConfig {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            site: NAME.to_owned(),
            seed,
            vendor: VENDOR.to_owned(),
            release_keys: model.release_keys(),
            job_keys: self.job_keys()?,
            devices,
            behaviour,
            clock,
            connects_per_second: CONNECTS_PER_SECOND,
            images: Vec::new(),
            broker: Broker::Embedded,
        }))
    }
}

/// The retained value of a topic that has one.
pub async fn current<T: serde::de::DeserializeOwned>(
    operator: &OperatorClient,
    topic: &Topic,
) -> Result<T, Failure> {
    let mut values = operator.subscribe(topic.to_string()).await?;
    Ok(serde_json::from_slice(&values.next().await?.payload)?)
}

/// Waits until a campaign's status is as wanted.
pub async fn until(
    operator: &OperatorClient,
    campaign: &CampaignId,
    mut is_wanted: impl FnMut(&CampaignStatus) -> bool,
) -> Result<CampaignStatus, Failure> {
    let topic = campaign_status(campaign).to_string();
    let mut statuses = operator.subscribe(topic).await?;
    loop {
        let status: CampaignStatus = serde_json::from_slice(&statuses.next().await?.payload)?;
        if is_wanted(&status) {
            return Ok(status);
        }
    }
}

#[must_use]
pub fn campaign_status(campaign: &CampaignId) -> Topic {
    Topic::Campaign(campaign.clone(), CampaignTopic::Status)
}

#[must_use]
pub fn create(campaign: CampaignSpec) -> Command {
    Command::CreateCampaign(CreateCampaign {
        campaign: campaign.into(),
    })
}

/// For the commands that only name a campaign.
#[must_use]
pub fn of(campaign: &CampaignId) -> CampaignCommand {
    CampaignCommand {
        campaign: campaign.clone(),
        reason: None,
    }
}
