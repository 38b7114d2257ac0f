//! Another server is told of alerts and tickets.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use fleetfold::{server::ServerError, webhook::Target};
use fleetfold_core::Fact;
use fleetfold_device_sim::fleet::{Behaviour, Verdict};
use fleetfold_schemas::{
    CampaignId,
    campaign::CampaignSpec,
    command::Command,
    status::AlertKind,
    webhook::{Notice, NoticeKind},
};
use fleetfold_tests::{
    Failure,
    devices::Device,
    firmware::{Model, Release},
    hosted::{Configured, FAST, Hosted, bounded},
    recount::Recount,
    site,
};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const DEVICES: usize = 12;
const SEED: u64 = 5;
const TIMEOUT: Duration = Duration::from_secs(5);

/// A request as the other side saw it.
struct Called {
    id: String,
    notice: Notice,
    is_taken: bool,
}

#[derive(Clone)]
struct Receiver {
    takes: Arc<AtomicBool>,
    calls: UnboundedSender<Called>,
}

async fn called(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let is_taken = receiver.takes.load(Ordering::SeqCst);
    let called = Called {
        id: headers["webhook-id"]
            .to_str()
            .expect("an id is text")
            .to_owned(),
        notice: serde_json::from_slice(&body).expect("a body is a notice"),
        is_taken,
    };
    // The story may be over.
    let _ = receiver.calls.send(called);
    if is_taken {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// A server at which notices arrive, and which takes none at first.
async fn receiver() -> Result<(Target, Receiver, UnboundedReceiver<Called>), Failure> {
    let (calls, arrived) = unbounded_channel();
    let receiver = Receiver {
        takes: Arc::default(),
        calls,
    };
    let app = Router::new().route("/hook", post(called));
    let app = app.with_state(receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((Target::new(&url, TIMEOUT)?, receiver, arrived))
}

async fn start(data: &Path, target: &Target) -> Result<Hosted, ServerError> {
    let configured = Configured {
        webhook: Some(target.clone()),
        ..Configured::default()
    };
    Hosted::start_configured(data, FAST, configured).await
}

fn spec(campaign: &CampaignId, model: &Model, release: &Release) -> CampaignSpec {
    let spec = json!({
        "id": campaign,
        "release": {"model": model.id, "version": release.version},
        "phases": [{"name": "full", "percentage": 100, "duration_hours": 6}],
        "sample_min": 2,
        "failure_handling": {"max_retries": 0, "create_support_tickets": true},
    });
    serde_json::from_value(spec).expect("our own campaign is valid")
}

/// What the log has that is to be told: the kind of each fact, and its position.
fn to_be_told(data: &Path) -> Result<Vec<(NoticeKind, u64)>, Failure> {
    let mut told = Vec::new();
    for (position, recorded) in (1..).zip(Recount::of(data)?.facts) {
        let kind = match recorded.fact {
            Fact::AlertRaised(_) | Fact::StorageLow(_) => NoticeKind::AlertRaised,
            Fact::AlertCleared(_) | Fact::StorageRecovered(_) => NoticeKind::AlertCleared,
            Fact::TicketOpened(_) => NoticeKind::TicketOpened,
            Fact::TicketClosed(_) => NoticeKind::TicketClosed,
            _ => continue,
        };
        told.push((kind, position));
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_tickets_reach_the_webhook_across_a_restart() {
    bounded(async {
        let dir = tempfile::tempdir()?;
        let model = Model::new("sensor", SEED);
        let old = Release::first(SEED, 16 * 1024);
        let bad = old.next(SEED, 4);
        let devices = Device::many("device", SEED, DEVICES);
        let campaign = CampaignId::parse("spring").expect("our own names are valid");
        let (target, receiver, mut calls) = receiver().await?;

        let engine = start(dir.path(), &target).await?;
        let operator = engine.site.operator().await?;
        operator.command(model.trust(), None).await?;
        for release in [&old, &bad] {
            model.publish(&operator, release).await?;
        }
        let registrations = devices.iter().map(|device| device.registration(&model.id));
        for answer in operator.commands(registrations, |_| {}).await {
            answer?;
        }
        let is_bad = bad.digest();
        let behaviour = Behaviour {
            verdict: Verdict::fails_when(move |_, image| *image == is_bad),
            ..Behaviour::fair()
        };
        let specs = devices.iter().map(|device| device.running(&model.id, &old));
        let (specs, clock) = (specs.collect(), engine.clock());
        let fleet = engine.site.fleet(&model, specs, behaviour, clock, SEED)?;
        let create = site::create(spec(&campaign, &model, &bad));
        operator.command(create, None).await?;
        let start_it = Command::StartCampaign(site::of(&campaign));
        operator.command(start_it, None).await?;

        // The other side does not take the first, and the engine is stopped meanwhile.
        let first = calls.recv().await.ok_or("nobody calls")?;
        assert_eq!(first.notice.kind, NoticeKind::TicketOpened);
        let ticket = first.notice.data.ticket.ok_or("a ticket is shown")?;
        assert_eq!((&ticket.campaign, ticket.attempts), (&campaign, Some(1)));
        let again = calls.recv().await.ok_or("nobody calls again")?;
        assert_eq!(again.id, first.id);
        fleet.stop().await;
        operator.close().await;
        engine.stop().await?;

        // It starts again, the other side takes what comes, and the campaign is given up.
        receiver.takes.store(true, Ordering::SeqCst);
        let engine = start(dir.path(), &target).await?;
        let operator = engine.site.operator().await?;
        let cancel = Command::CancelCampaign(site::of(&campaign));
        operator.command(cancel, None).await?;
        let mut taken = Vec::new();
        let count = |taken: &[Notice], kind| taken.iter().filter(|it| it.kind == kind).count();
        while count(&taken, NoticeKind::AlertCleared) == 0
            || count(&taken, NoticeKind::AlertCleared) < count(&taken, NoticeKind::AlertRaised)
        {
            let call = calls.recv().await.ok_or("nobody calls")?;
            if call.is_taken {
                taken.push(call.notice);
            }
        }
        let told: Vec<_> = taken
            .iter()
            .map(|notice| (notice.kind, notice.data.position))
            .collect();
        operator.close().await;
        engine.stop().await?;
        assert_eq!(told, to_be_told(dir.path())?);
        let alerts: Vec<_> = (taken.iter())
            .filter_map(|notice| notice.data.alert.as_ref())
            .collect();
        assert!(
            alerts
                .iter()
                .all(|alert| alert.campaign.as_ref() == Some(&campaign))
        );
        let is_raised =
            |is_it: fn(&AlertKind) -> bool| alerts.iter().any(|alert| is_it(&alert.kind));
        for is_it in [
            |kind: &AlertKind| matches!(kind, AlertKind::FailureRate { .. }),
            |kind: &AlertKind| matches!(kind, AlertKind::Paused { .. }),
        ] {
            assert!(is_raised(is_it), "{alerts:?}");
        }
        Ok(())
    })
    .await;
}
