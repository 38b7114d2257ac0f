//! Broker, owner and workers as one process.
//!
//! Start: open the log and replay it, then listen. Stop: refuse newcomers, end the sessions, finish the step, close the
//! log. A log that fails ends the process; recovery is replay.

mod campaigns;
mod clock;
mod first_start;
mod host;
mod http;
mod inbox;
mod keeper;
mod login;
mod meters;
mod owner;
mod passwords;
mod recovery;
mod rehearsals;
mod reporter;
mod room;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, atomic::AtomicBool, atomic::Ordering},
};

use ed25519_dalek::SigningKey;
use fleetfold_broker::{Broker, BrokerConfig, BrokerError};
use fleetfold_core::Request;
use fleetfold_schemas::{
    Name, approval::ApprovalPolicy, campaign::CampaignDefaults, report::Prices,
};
use tokio::sync::oneshot;

pub use self::{
    clock::{Clock, wall_ms},
    first_start::{ADMIN, ADMIN_PASSWORD_FILE, FirstStart},
    keeper::Archive,
    recovery::AHEAD_MS_MAX,
};
use self::{
    host::EngineHost,
    http::Health,
    inbox::{AnswerTo, Inbox, Message, Pending},
    keeper::Keeper,
    login::Authenticator,
    owner::{Outside, Owner},
    passwords::Passwords,
    recovery::Recovered,
    rehearsals::Rehearsals,
    reporter::Reporter,
    room::Room,
};
use crate::{
    artifacts::{ArtifactError, ArtifactStore},
    delta::{self, DeltaWorker},
    log::{Head, LogError, LogOptions},
    replay::FoldError,
    turn::Engine,
    webhook::{Target, Webhook, WebhookError},
};

/// Room for some ten million records in both copies of the log: hours of a large fleet's reports, and ample for all that
/// is taken below it.
const FLOOR_BYTES: u64 = 512 * 1024 * 1024;

/// Folding so many takes a start less than a second, about what reading a snapshot of a million devices takes.
const SNAPSHOT_EVERY: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub data: PathBuf,
    /// Names this installation; device tokens are made out to it. Fixed by the first start.
    pub site: Name,
    pub listen: SocketAddr,
    /// Take the next free port if it is taken.
    pub listen_near: bool,
    pub http_listen: SocketAddr,
    /// How many times faster than the wall's the engine's clock runs: for demonstrations only.
    pub speed: Option<u32>,
    pub keeping: Keeping,
    /// What holds for campaigns that do not say otherwise.
    pub campaigns: CampaignDefaults,
    /// How many people must want what one asks for.
    pub approvals: ApprovalPolicy,
    /// What things cost, for reports.
    pub prices: Option<Prices>,
    /// Who is told of alerts and tickets.
    pub webhook: Option<Target>,
}

/// How the log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// With less room than this on the log's file system, only what ends work is admitted.
    pub floor_bytes: u64,
    /// A segment of the journal gets no batch that would bring it over this.
    pub segment_bytes: u64,
    /// A snapshot is taken after every so many facts.
    pub snapshot_every: u64,
    /// Without one everything stays in the log.
    pub archive: Option<Archive>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            floor_bytes: FLOOR_BYTES,
            segment_bytes: LogOptions::default().segment_bytes,
            snapshot_every: SNAPSHOT_EVERY,
            archive: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("cannot open the log")]
    Log(#[from] LogError),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(
        "{} was written by a demonstration running at {speed} times the wall's speed, and is not served",
        data.display()
    )]
    Simulated { data: PathBuf, speed: u32 },
    #[error(
        "the log's last record is {ahead_s} s ahead of this machine's clock; set the clock, or wait until it has caught up"
    )]
    ClockBehind { ahead_s: u64 },
    #[error("cannot open the artifact store")]
    Artifacts(#[from] ArtifactError),
    #[error(transparent)]
    FirstStart(#[from] first_start::FirstStartError),
    #[error("the configuration's campaigns are refused: {0}")]
    Campaigns(String),
    #[error("the configuration's approvals are refused: {0}")]
    Approvals(String),
    #[error("cannot listen for MQTT")]
    Broker(#[from] BrokerError),
    #[error("cannot serve metrics on {address}")]
    Http {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the archive {} is not a directory; make it, or mount what it is on",
        dir.display()
    )]
    NoArchive { dir: PathBuf },
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A running engine.
pub struct Server {
    pub address: SocketAddr,
    pub http_address: SocketAddr,
    pub clock: Clock,
    pub job_key: SigningKey,
    pub site: Name,
    pub first_start: Option<FirstStart>,
    broker: Broker,
    inbox: Inbox,
    health: Health,
    ended: oneshot::Receiver<Result<(), LogError>>,
}

impl std::fmt::Debug for Server {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("http_address", &self.http_address)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Returns once connections are accepted.
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let metrics = http::recorder();
        let Recovered {
            core,
            log,
            site,
            snapshot_seq,
        } = recovery::recover(&options)?;
        let is_first = core.state().site.is_none();
        for warning in campaigns::lint(&options.approvals, core.state()) {
            tracing::warn!("{warning}");
        }
        let clock = Clock::start(log.head().at_ms, options.speed.unwrap_or(1));
        let (inbox, messages) = inbox::channel();
        let artifacts = ArtifactStore::open(
            &options.data.join("artifacts"),
            crate::artifacts::Limits::default(),
        )?;
        let job_key = first_start::job_key(&options.data)?;
        let passwords = Passwords::default();
        let host = Arc::new(EngineHost {
            inbox: inbox.clone(),
            authenticator: Authenticator::new(inbox.clone(), site.clone(), passwords.clone()),
            passwords,
            artifacts: artifacts.clone(),
            broker: OnceLock::new(),
        });
        let broker = start_broker(&options, &host).await?;
        let deltas = delta_worker(artifacts, inbox.clone())?;
        let every = options.keeping.snapshot_every;
        let archive = options.keeping.archive.clone();
        let keeper = Keeper::start(log.keeper(), every, snapshot_seq, archive);
        let keeper = keeper.map_err(ServerError::Thread)?;
        let webhook = match options.webhook.clone() {
            Some(target) => Some(webhook(target, &site, &options.data, log.head(), &inbox)?),
            None => None,
        };
        let engine = Engine::new(core, log, job_key.clone()).with_prices(options.prices);
        let room = Room::new(options.keeping.floor_bytes);
        let rehearsals = Rehearsals::new(options.data.clone(), inbox.clone());
        let reporter = Reporter::new(options.data.clone(), clock, inbox.clone());
        let owner = Owner::new(
            engine,
            clock,
            messages,
            Outside::new(broker.clone(), deltas, rehearsals, reporter),
            room,
            keeper,
            webhook,
        );
        let health: Health = Arc::new(AtomicBool::new(true));
        let ended = run_owner(owner, &health)?;
        let http_address = serve_http(&options, metrics, &health).await?;
        let first_start = if is_first {
            Some(first_start::prepare(&options, &inbox).await?)
        } else {
            None
        };
        campaigns::hand_over(options.campaigns, options.approvals, &inbox).await?;
        Ok(Self {
            address: broker.address(),
            http_address,
            clock,
            job_key,
            site,
            first_start,
            broker,
            inbox,
            health,
            ended,
        })
    }

    /// Resolves when the owner ends by itself: with the log's error.
    pub async fn failed(&mut self) -> Result<(), LogError> {
        (&mut self.ended).await.unwrap_or(Ok(()))
    }

    /// Ends cleanly: what was acknowledged is on disk, what was not is repeated by its sender.
    pub async fn stop(self) -> Result<(), LogError> {
        self.health.store(false, Ordering::Relaxed);
        self.broker.shutdown().await;
        // An owner that has ended needs no telling.
        let _ = self.inbox.send(Message::Stop).await;
        self.ended.await.unwrap_or(Ok(()))
    }
}

async fn start_broker(
    options: &ServerOptions,
    host: &Arc<EngineHost>,
) -> Result<Broker, ServerError> {
    const PORTS_TRIED: u16 = 10;
    let mut listen = options.listen;
    loop {
        match Broker::start(BrokerConfig::new(listen), Arc::clone(host)).await {
            Ok(broker) => {
                let _ = host.broker.set(broker.clone());
                return Ok(broker);
            }
            Err(error) => {
                let tried = listen.port() - options.listen.port();
                if !options.listen_near || tried >= PORTS_TRIED || listen.port() == u16::MAX {
                    return Err(error.into());
                }
                listen.set_port(listen.port() + 1);
            }
        }
    }
}

/// What the worker builds comes back to the owner as a request like any other.
fn delta_worker(artifacts: ArtifactStore, inbox: Inbox) -> Result<DeltaWorker, ServerError> {
    let started = DeltaWorker::start(
        artifacts,
        delta::Limits::default(),
        move |release, from, outcome| {
            let (answered, _) = oneshot::channel();
            let pending = Pending {
                request: Request::Delta {
                    release,
                    from,
                    outcome,
                },
                answer_to: AnswerTo::Caller(answered),
            };
            // After the owner's end the delta stays outstanding, and is asked for again at the next start.
            let _ = inbox.blocking_send(Message::Requests(vec![pending]));
        },
    );
    started.map_err(ServerError::Thread)
}

/// What the worker asks comes to the owner like everything else.
fn webhook(
    target: Target,
    site: &Name,
    data: &Path,
    head: Head,
    inbox: &Inbox,
) -> Result<Webhook, WebhookError> {
    let inbox = inbox.clone();
    let ask = move |query| inbox.blocking_send(Message::Webhook(query)).is_ok();
    Webhook::start(target, site, data, head, ask)
}

/// Gives the owner a thread of its own: appending blocks.
fn run_owner(
    owner: Owner,
    health: &Health,
) -> Result<oneshot::Receiver<Result<(), LogError>>, ServerError> {
    let (end, ended) = oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let health = Arc::clone(health);
    std::thread::Builder::new()
        .name("owner".to_owned())
        .spawn(move || {
            let result = runtime.block_on(owner.run());
            health.store(false, Ordering::Relaxed);
            let _ = end.send(result);
        })
        .map_err(ServerError::Thread)?;
    Ok(ended)
}

async fn serve_http(
    options: &ServerOptions,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
    health: &Health,
) -> Result<SocketAddr, ServerError> {
    let address = options.http_listen;
    let failed = |source| ServerError::Http { address, source };
    let listener = if options.listen_near {
        http::bind_near(address).await
    } else {
        tokio::net::TcpListener::bind(address).await
    }
    .map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let health = Arc::clone(health);
    tokio::spawn(async move {
        if let Err(error) = http::serve(listener, metrics, health).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(bound)
}

/// Where a data directory keeps the engine's log.
#[must_use]
pub fn log_dir(data: &Path) -> PathBuf {
    data.join("log")
}
