//! A release that every device boots, and that is bad for them all the same.

use std::collections::BTreeSet;

use fleetfold::client::OperatorClient;
use fleetfold_device_sim::fleet::{Ailment, Behaviour, Condition, Verdict};
use fleetfold_schemas::{
    CampaignId, Topic,
    campaign::{CampaignSpec, MINUTE_MS},
    command::Command,
    status::CampaignState,
};
use fleetfold_tests::{
    Failure,
    devices::Device,
    firmware::{Model, Release},
    hosted::{FAST, Hosted, bounded},
    site,
};
use serde_json::{Value, json};

/// A canary of more than the fifty that a health gate needs, each with one to go along that is not updated.
const DEVICES: usize = 120;
const SEED: u64 = 11;

fn spec(campaign: &CampaignId, model: &Model, release: &Release) -> CampaignSpec {
    let spec = json!({
        "id": campaign,
        "release": {"model": model.id, "version": release.version},
        "phases": [
            {"name": "canary", "percentage": 50, "duration_hours": 6, "success_threshold": 100},
            {"name": "full", "percentage": 100, "duration_hours": 6, "success_threshold": 100},
        ],
        "gates": {"health": {"battery_drain": {"over_hours": 1}}},
    });
    serde_json::from_value(spec).expect("our own campaign is valid")
}

/// Until each device has said once more how fast its battery runs down.
async fn until_all_have_said_so(operator: &OperatorClient) -> Result<(), Failure> {
    let mut facts = operator.subscribe(Topic::LogFacts.to_string()).await?;
    let mut known = BTreeSet::new();
    while known.len() < DEVICES {
        let fact: Value = serde_json::from_slice(&facts.next().await?.payload)?;
        if fact["battery_drain_bp_per_day"].is_u64() {
            known.insert(fact["device"].to_string());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_drains_the_battery_is_paused_although_every_update_succeeds() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let model = Model::new("sensor", SEED);
        let old = Release::first(SEED, 16 * 1024);
        let hungry = old.next(SEED, 4);
        let devices = Device::many("device", SEED, DEVICES);
        let campaign = CampaignId::parse("spring").expect("our own names are valid");

        let engine = Hosted::start(dir.path(), FAST).await?;
        let operator = engine.site.operator().await?;
        operator.command(model.trust(), None).await?;
        for release in [&old, &hungry] {
            model.publish(&operator, release).await?;
        }
        let registrations = devices.iter().map(|device| device.registration(&model.id));
        for answer in operator.commands(registrations, |_| {}).await {
            answer?;
        }

        let target = hungry.digest();
        let behaviour = Behaviour {
            condition: Some(Condition {
                every_ms: 15 * MINUTE_MS,
                ailments: vec![Ailment {
                    when: Verdict::fails_when(move |_, image| *image == target),
                    drains_more_percent: 50,
                    ..Ailment::default()
                }],
                ..Condition::fair()
            }),
            ..Behaviour::fair()
        };
        let specs = devices.iter().map(|device| device.running(&model.id, &old));
        let (specs, clock) = (specs.collect(), engine.clock());
        let fleet = engine.site.fleet(&model, specs, behaviour, clock, SEED)?;
        until_all_have_said_so(&operator).await?;

        let create = site::create(spec(&campaign, &model, &hungry));
        operator.command(create, None).await?;
        let start = Command::StartCampaign(site::of(&campaign));
        operator.command(start, None).await?;
        let status = site::until(&operator, &campaign, |status| {
            status.status == CampaignState::Paused || status.status.is_final()
        });
        let status = status.await?;
        assert_eq!(status.status, CampaignState::Paused);
        let cause = status.cause.expect("a campaign does not pause without one");
        assert_eq!(cause.kind, "health", "{}", cause.text);
        assert_eq!((status.exposed, status.totals.failed), (60, 0));
        let [drain] = status.health.as_slice() else {
            panic!("there is one health gate: {:?}", status.health);
        };
        let worse = drain.against_others.expect("each had one to go with");
        assert!(worse.low > drain.margin.unwrap_or_default());

        fleet.stop().await;
        engine.stop().await
    })
    .await;
}
