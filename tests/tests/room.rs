//! An engine whose disk is nearly full. Metrics are the process's, so this story has one to itself.

use fleetfold::{client::CommandError, server::Keeping};
use fleetfold_schemas::{
    DeviceTopic, ModelId, Topic, Version,
    code::Code,
    codec::encode_cbor,
    device::{Running, Slot},
    status::{Alert, AlertKind},
};
use fleetfold_tests::{
    Failure, devices,
    hosted::{Hosted, bounded},
    mqtt::{self, Pubacks},
    site,
};
use tokio::io::AsyncWriteExt;

const TOKEN: &str = "correct horse battery staple";

/// More than any disk has.
const FLOOR_BYTES: u64 = u64::MAX / 2;

fn never_enough() -> Keeping {
    Keeping {
        floor_bytes: FLOOR_BYTES,
        ..Keeping::default()
    }
}

fn hello(model: &ModelId) -> Result<Vec<u8>, Failure> {
    Ok(encode_cbor(&devices::hello(
        model,
        Running {
            slot: Slot::A,
            version: Version::parse("1.0.0")?,
            digest: fleetfold_schemas::Digest::of(b"image"),
        },
    )))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hardly_room_left_newcomers_wait_and_nobody_is_told_a_lie() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let (model, device) = (ModelId::parse("sensor")?, "plain".parse()?);
        let registration = devices::with_token(&device, &model, TOKEN);
        let topic = Topic::Device(device.clone(), DeviceTopic::Hello).to_string();
        let hello = mqtt::publish(&topic, 1, &hello(&model)?);
        let alert = Topic::Alert("storage_low".parse()?);

        // Nearly full from the first start on: the installation is made all the same, and its operator can log in.
        let engine = Hosted::start_keeping(dir.path(), never_enough()).await?;
        let operator = engine.site.operator().await?;
        let raised: Alert = site::current(&operator, &alert).await?;
        let AlertKind::StorageLow { floor_bytes, .. } = raised.kind else {
            panic!("{raised:?}");
        };
        assert_eq!(floor_bytes, FLOOR_BYTES);
        assert_eq!(engine.metric("fleetfold_alerts").await?, 1.0);
        match operator.command(registration.clone(), None).await {
            Err(CommandError::Rejected(refused)) => assert!(refused.is(Code::StorageLow)),
            other => panic!("{other:?}"),
        }
        operator.close().await;
        engine.stop().await?;

        // With room again the same command is taken.
        let engine = Hosted::start(dir.path(), None).await?;
        let operator = engine.site.operator().await?;
        operator.command(registration, None).await?;
        let alerts = operator.collect_retained(&alert.to_string()).await?;
        assert!(alerts.is_empty(), "{alerts:?}");
        operator.close().await;
        engine.stop().await?;

        // A hello that cannot be recorded is not acknowledged: the session ends, and the device comes back.
        let engine = Hosted::start_keeping(dir.path(), never_enough()).await?;
        let mut stream = mqtt::login(engine.site.address, device.as_str(), TOKEN).await?;
        stream.write_all(&hello).await?;
        assert!(Pubacks::default().read(&mut stream).await.is_err());
        engine.stop().await?;

        let engine = Hosted::start(dir.path(), None).await?;
        let mut stream = mqtt::login(engine.site.address, device.as_str(), TOKEN).await?;
        stream.write_all(&hello).await?;
        assert_eq!(Pubacks::default().read(&mut stream).await?, [1]);
        engine.stop().await
    })
    .await;
}
