//! Campaigns from their creation to their end.

use fleetfold::client::OperatorClient;
use fleetfold_device_sim::fleet::{Behaviour, DeviceState, Fleet, Verdict};
use fleetfold_schemas::{
    CampaignId,
    campaign::CampaignSpec,
    command::Command,
    status::{CampaignState, CampaignStatus},
};
use fleetfold_tests::{
    Failure,
    devices::Device,
    firmware::{Model, Release},
    hosted::{self, FAST, Hosted, bounded},
    recount::{Campaign, Recount},
    site,
};
use serde_json::json;

const DEVICES: usize = 20;
const SEED: u64 = 7;

/// Two releases, twenty devices that run the first, and a campaign for the second.
struct Rollout {
    model: Model,
    old: Release,
    new: Release,
    devices: Vec<Device>,
    campaign: CampaignId,
}

impl Rollout {
    fn new() -> Self {
        let old = Release::first(SEED, 64 * 1024);
        Self {
            model: Model::new("sensor", SEED),
            new: old.next(SEED, 4),
            old,
            devices: Device::many("device", SEED, DEVICES),
            campaign: CampaignId::parse("spring").expect("our own names are valid"),
        }
    }

    fn spec(&self) -> CampaignSpec {
        let phase = |name, percentage| json!({"name": name, "percentage": percentage, "duration_hours": "30m", "success_threshold": 100});
        let spec = json!({
            "id": self.campaign,
            "release": {"model": self.model.id, "version": self.new.version},
            "phases": [phase("canary", 20), phase("half", 50), phase("full", 100)],
            "failure_handling": {"max_retries": 0},
        });
        serde_json::from_value(spec).expect("our own campaign is valid")
    }

    /// Publishes, registers, switches on, creates and starts.
    async fn begin(
        &self,
        engine: &Hosted,
        operator: &OperatorClient,
        behaviour: Behaviour,
    ) -> Result<Fleet, Failure> {
        operator.command(self.model.trust(), None).await?;
        for release in [&self.old, &self.new] {
            self.model.publish(operator, release).await?;
        }
        let devices = self.devices.iter();
        let registrations = devices.map(|device| device.registration(&self.model.id));
        for answer in operator.commands(registrations, |_| {}).await {
            answer?;
        }
        let devices = self.devices.iter();
        let devices = devices.map(|device| device.running(&self.model.id, &self.old));
        let fleet = engine.site.fleet(
            &self.model,
            devices.collect(),
            behaviour,
            engine.clock(),
            SEED,
        )?;
        operator.command(site::create(self.spec()), None).await?;
        let start = Command::StartCampaign(site::of(&self.campaign));
        operator.command(start, None).await?;
        Ok(fleet)
    }

    /// Counts the log, which must agree with the status.
    fn recount(&self, engine: &Hosted, status: &CampaignStatus) -> Result<Campaign, Failure> {
        let mut recount = Recount::of(&engine.site.data)?;
        assert_eq!(recount.repeated, []);
        let campaign = recount.campaigns.remove(0);
        assert_eq!(status.totals, campaign.tally(None));
        for (number, _) in campaign.cuts.iter().enumerate() {
            let said = status.phases[number].tally;
            assert_eq!(said, campaign.tally(Some(number)), "phase {number}");
        }
        Ok(campaign)
    }

    fn assert_all_updated_once(&self, campaign: &Campaign, devices: &[DeviceState]) {
        assert_eq!(campaign.executions.len(), DEVICES);
        for (device, execution) in &campaign.executions {
            let counts = (execution.queued, execution.succeeded, execution.failed);
            assert_eq!(counts, (1, 1, 0), "{device}");
        }
        for device in devices {
            assert_eq!(device.running.digest, self.new.digest(), "{}", device.id);
            // From the factory, and into the new image.
            assert_eq!(device.boots, 2, "{}", device.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_goes_through_its_phases_and_updates_every_device_once() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let rollout = Rollout::new();
        let engine = Hosted::start(dir.path(), FAST).await?;
        let operator = engine.site.operator().await?;
        let fleet = rollout.begin(&engine, &operator, Behaviour::fair()).await?;
        let status = site::until(&operator, &rollout.campaign, |status| {
            status.status.is_final()
        });
        let status = status.await?;
        assert_eq!(status.status, CampaignState::Completed);
        assert_eq!(status.totals.updated, DEVICES as u64);
        let phases: Vec<_> = status.phases.iter().map(|phase| phase.devices).collect();
        assert_eq!(phases, [4, 6, 10]);

        let campaign = rollout.recount(&engine, &status)?;
        rollout.assert_all_updated_once(&campaign, &fleet.stop().await);
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_its_self_test_pauses_in_the_first_phase_and_its_devices_are_restored()
{
    bounded(async {
        let dir = tempfile::tempdir()?;
        let rollout = Rollout::new();
        let (old, bad) = (rollout.old.digest(), rollout.new.digest());
        let behaviour = Behaviour {
            verdict: Verdict::fails_when(move |_, image| *image == bad),
            ..Behaviour::fair()
        };
        let engine = Hosted::start(dir.path(), FAST).await?;
        let operator = engine.site.operator().await?;
        let fleet = rollout.begin(&engine, &operator, behaviour).await?;
        let status = site::until(&operator, &rollout.campaign, |status| {
            status.status == CampaignState::Paused && status.totals.in_progress == 0
        });
        let status = status.await?;
        assert!(status.cause.is_some());
        assert_eq!(
            status.phase.as_ref().map(|name| name.as_str()),
            Some("canary")
        );
        assert!(
            (1..=4).contains(&status.totals.failed),
            "{:?}",
            status.totals
        );
        assert_eq!(status.totals.rolled_back, status.totals.failed);
        assert_eq!(status.totals.updated, 0);

        let campaign = rollout.recount(&engine, &status)?;
        for device in fleet.stop().await {
            assert_eq!(device.running.digest, old, "{}", device.id);
            let has_failed = campaign
                .executions
                .get(&device.id)
                .is_some_and(|execution| execution.failed > 0);
            // From the factory; into the bad image and back.
            let boots = if has_failed { 3 } else { 1 };
            assert_eq!(device.boots, boots, "{}", device.id);
        }
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_stopped_in_the_middle_goes_on_where_it_was() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let rollout = Rollout::new();
        let address = hosted::address()?;
        let engine = Hosted::start_at(address, dir.path(), FAST).await?;
        let operator = engine.site.operator().await?;
        let fleet = rollout.begin(&engine, &operator, Behaviour::fair()).await?;
        for phase in ["half", "full"] {
            let status = site::until(&operator, &rollout.campaign, |status| {
                let running = status.phase.as_ref().map(|name| name.as_str());
                running == Some(phase)
            });
            assert!(!status.await?.status.is_final());
        }
        engine.stop().await?;

        let engine = Hosted::start_at(address, dir.path(), FAST).await?;
        let status = site::until(&operator, &rollout.campaign, |status| {
            status.status.is_final()
        });
        let status = status.await?;
        assert_eq!(status.status, CampaignState::Completed);
        let campaign = rollout.recount(&engine, &status)?;
        rollout.assert_all_updated_once(&campaign, &fleet.stop().await);
        engine.stop().await
    })
    .await;
}
