//! What the engine folds, kept so that it need not be folded again.

use std::{convert::Infallible, fs, path::Path, sync::Arc};

use fleetfold::{
    log::{self, Disk, OsDisk, Snapshot, verify_with},
    server::{Archive, Keeping, ServerError, log_dir},
    snapshots,
};
use fleetfold_core::{Core, Fact, snapshot};
use fleetfold_schemas::{ModelId, Topic, status::FleetSummary};
use fleetfold_tests::{
    Failure, devices,
    hosted::{Hosted, bounded},
    site,
};

const DEVICES: u64 = 60;

fn found(data: &Path) -> Result<Vec<Snapshot>, Failure> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    Ok(log::snapshots(&disk, &log_dir(data))?.found)
}

/// The state's digest after each fact, from the journal alone.
fn digests(data: &Path) -> Result<Vec<[u8; 32]>, Failure> {
    let mut core = Core::default();
    let mut digests = Vec::new();
    let folded = verify_with(&log_dir(data), |_, at_ms, record| {
        core.replay(at_ms, &Fact::decode(record).expect("it is a fact"));
        digests.push(snapshot::digest(core.state()));
        Ok::<(), Infallible>(())
    });
    folded.map_err(|error| error.to_string())?;
    Ok(digests)
}

fn flip_a_bit(snapshot: &Snapshot) -> Result<(), Failure> {
    let mut bytes = fs::read(snapshot.path())?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    Ok(fs::write(snapshot.path(), bytes)?)
}

/// Two facts for each device.
async fn register(engine: &Hosted) -> Result<(), Failure> {
    let operator = engine.site.operator().await?;
    let model = ModelId::parse("sensor")?;
    for number in 0..DEVICES {
        let id = format!("d-{number}").parse()?;
        let registration = devices::with_token(&id, &model, "token");
        operator.command(registration, None).await?;
    }
    operator.close().await;
    Ok(())
}

async fn devices_known(engine: &Hosted) -> Result<u64, Failure> {
    let operator = engine.site.operator().await?;
    let summary: FleetSummary = site::current(&operator, &Topic::FleetSummary).await?;
    operator.close().await;
    Ok(summary.devices.values().sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_takes_a_snapshot_for_what_it_is_and_a_damaged_one_for_nothing() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let keeping = Keeping {
            snapshot_every: 20,
            ..Keeping::default()
        };
        let engine = Hosted::start_keeping(dir.path(), keeping.clone()).await?;
        register(&engine).await?;
        while engine.metric("fleetfold_snapshot_position").await? < 2.0 {}
        engine.stop().await?;

        // No snapshot holds anything but what the facts before it fold to, and old ones have gone.
        let digests = digests(dir.path())?;
        let snapshots = found(dir.path())?;
        assert!((1..=2).contains(&snapshots.len()), "{snapshots:?}");
        for snapshot in &snapshots {
            let seq = usize::try_from(snapshot.head().seq)?;
            assert_eq!(snapshot.digest(), digests[seq - 1]);
        }
        let (head, core) = snapshots::newest(&snapshots, u64::MAX);
        assert_eq!(
            (head, core.state().position),
            (snapshots[0].head(), head.seq)
        );

        // What was recorded after the snapshot is folded on top of it.
        let engine = Hosted::start_keeping(dir.path(), keeping).await?;
        assert_eq!(devices_known(&engine).await?, DEVICES);
        engine.stop().await?;

        for snapshot in found(dir.path())? {
            flip_a_bit(&snapshot)?;
        }
        let engine = Hosted::start(dir.path(), None).await?;
        assert_eq!(devices_known(&engine).await?, DEVICES);
        engine.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_moves_to_the_archive_and_a_start_does_not_need_it() {
    bounded(async {
        let (dir, archive) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let keeping = Keeping {
            segment_bytes: 2_048,
            snapshot_every: 20,
            archive: Some(Archive {
                dir: archive.path().to_owned(),
                keep_ms: 0,
            }),
            ..Keeping::default()
        };
        let engine = Hosted::start_keeping(dir.path(), keeping.clone()).await?;
        register(&engine).await?;
        let journal = log_dir(dir.path()).join("journal");
        let first = journal.join(format!("{:020}.ffj", 1));
        while first.exists() {
            engine.metric("fleetfold_snapshot_position").await?;
        }
        engine.stop().await?;

        let engine = Hosted::start_keeping(dir.path(), keeping.clone()).await?;
        assert_eq!(devices_known(&engine).await?, DEVICES);
        engine.stop().await?;

        // With the archive's segments back, history is whole from the first record on.
        for segment in fs::read_dir(archive.path())? {
            let segment = segment?;
            fs::copy(segment.path(), journal.join(segment.file_name()))?;
        }
        let whole = digests(dir.path())?;
        for snapshot in found(dir.path())? {
            let seq = usize::try_from(snapshot.head().seq)?;
            assert_eq!(snapshot.digest(), whole[seq - 1]);
        }

        // An archive that is not there is said at once, and not taken for an empty one.
        let unmounted = archive.path().join("not-mounted");
        let keeping = Keeping {
            archive: Some(Archive {
                dir: unmounted.clone(),
                keep_ms: 0,
            }),
            ..keeping
        };
        match Hosted::start_keeping(dir.path(), keeping).await {
            Err(ServerError::NoArchive { dir }) => assert_eq!(dir, unmounted),
            other => panic!("{other:?}"),
        }
        Ok(())
    })
    .await;
}
