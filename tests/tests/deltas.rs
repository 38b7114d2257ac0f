//! What travels to devices. A file of its own, because the count of bytes is that of a whole process.

use fleetfold_device_sim::fleet::Behaviour;
use fleetfold_schemas::{
    CampaignId, Topic,
    command::Command,
    status::{CampaignState, DeltaState, ReleaseStatus},
};
use fleetfold_tests::{
    Failure,
    devices::Device,
    firmware::{Model, Release},
    hosted::{FAST, Hosted, bounded},
    site,
};
use serde_json::json;

const DEVICES: usize = 5;
const IMAGE_BYTES: usize = 256 * 1024;
const SEED: u64 = 11;
const CHUNK_BYTES: &str = "fleetfold_chunk_bytes_total";

#[tokio::test(flavor = "multi_thread")]
async fn devices_get_a_delta_where_it_is_smaller_and_the_whole_image_where_not() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), FAST).await?;
        let operator = engine.site.operator().await?;
        let model = Model::new("sensor", SEED);
        let first = Release::first(SEED, IMAGE_BYTES);
        // One page in sixty-four, and then every one.
        let similar = first.next(SEED, 64);
        let different = similar.next(SEED + 1, 1);
        operator.command(model.trust(), None).await?;
        model.publish(&operator, &first).await?;
        let devices = Device::many("device", SEED, DEVICES);
        for device in &devices {
            let registration = device.registration(&model.id);
            operator.command(registration, None).await?;
        }
        let specs = devices
            .iter()
            .map(|device| device.running(&model.id, &first));
        let (specs, clock) = (specs.collect(), engine.clock());
        let fleet = engine
            .site
            .fleet(&model, specs, Behaviour::instant(), clock, SEED)?;

        let whole = (DEVICES * IMAGE_BYTES) as f64;
        let bytes = roll_out(&engine, &model, &similar).await?;
        assert!(bytes > 0.0 && bytes < whole / 10.0, "{bytes} of {whole}");
        let ready = release(&engine, &model, &similar).await?;
        assert!(
            matches!(ready.deltas[0].state, DeltaState::Ready { .. }),
            "{ready:?}"
        );

        let bytes = roll_out(&engine, &model, &different).await?;
        assert!(bytes >= whole, "{bytes} of {whole}");
        let unavailable = release(&engine, &model, &different).await?;
        let is_ready = |state: &DeltaState| matches!(state, DeltaState::Ready { .. });
        assert!(
            !unavailable
                .deltas
                .iter()
                .any(|delta| is_ready(&delta.state)),
            "{unavailable:?}"
        );

        for device in fleet.stop().await {
            assert_eq!(device.running.digest, different.digest(), "{}", device.id);
            assert_eq!(device.boots, 3, "{}", device.id);
        }
        engine.stop().await
    })
    .await;
}

/// Publishes a release and rolls it out to everyone, and returns the bytes that it took.
async fn roll_out(engine: &Hosted, model: &Model, release: &Release) -> Result<f64, Failure> {
    let operator = engine.site.operator().await?;
    model.publish(&operator, release).await?;
    let before = engine.metric(CHUNK_BYTES).await?;
    let campaign = CampaignId::parse(&format!("to-{}", release.sequence))?;
    let spec = json!({
        "id": campaign,
        "release": {"model": model.id, "version": release.version},
        "phases": [{"name": "all", "percentage": 100, "duration_hours": "1m"}],
    });
    operator
        .command(site::create(serde_json::from_value(spec)?), None)
        .await?;
    let start = Command::StartCampaign(site::of(&campaign));
    operator.command(start, None).await?;
    let status = site::until(&operator, &campaign, |status| status.status.is_final()).await?;
    assert_eq!(status.status, CampaignState::Completed);
    Ok(engine.metric(CHUNK_BYTES).await? - before)
}

async fn release(
    engine: &Hosted,
    model: &Model,
    release: &Release,
) -> Result<ReleaseStatus, Failure> {
    let operator = engine.site.operator().await?;
    let topic = Topic::Release(model.id.clone(), release.version.clone());
    site::current(&operator, &topic).await
}
