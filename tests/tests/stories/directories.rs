//! Data directories: one engine each, and none that a demonstration has written.

use fleetfold::{log::LogError, server::ServerError};
use fleetfold_tests::hosted::{FAST, Hosted, bounded};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_in_the_same_directory_is_refused_and_the_first_is_not_disturbed() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let first = Hosted::start(dir.path(), None).await?;
        let error = Hosted::start(dir.path(), None).await.unwrap_err();
        let ServerError::Log(LogError::InUse { dir: named }) = &error else {
            panic!("{error}");
        };
        assert!(named.starts_with(dir.path()), "{named:?}");
        first.site.operator().await?.close().await;
        first.stop().await?;

        // Free again as soon as the first has stopped.
        Hosted::start(dir.path(), None).await?.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_which_time_ran_faster_is_not_served() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        Hosted::start(dir.path(), FAST).await?.stop().await?;
        let error = Hosted::start(dir.path(), None).await.unwrap_err();
        let ServerError::Simulated { data, speed } = &error else {
            panic!("{error}");
        };
        assert_eq!((data.as_path(), Some(*speed)), (dir.path(), FAST));
        // Another demonstration may go on with it.
        Hosted::start(dir.path(), FAST).await?.stop().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_site_its_administrator_and_its_job_key() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let engine = Hosted::start(dir.path(), None).await?;
        let key = engine.site.job_keys()?;
        engine.stop().await?;

        let engine = Hosted::start(dir.path(), None).await?;
        engine.site.operator().await?.close().await;
        let again = engine.site.job_keys()?;
        let ids = |keys: &fleetfold_schemas::cose::TrustedKeys| {
            keys.iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&key), ids(&again));
        engine.stop().await
    })
    .await;
}
