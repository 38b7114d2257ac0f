//! An engine within the test's own process, with a clock as fast as wanted.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fleetfold::{
    server::{Keeping, Server, ServerError, ServerOptions},
    webhook::Target,
};
use fleetfold_device_sim::fleet::SimClock;
use fleetfold_schemas::{
    Name, approval::ApprovalPolicy, campaign::CampaignDefaults, report::Prices,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    Failure, served,
    site::{self, Site},
};

/// An hour of a campaign in four seconds.
pub const FAST: Option<u32> = Some(900);
/// Longer than any story takes on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(120);

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running engine and where to find it.
#[derive(Debug)]
pub struct Hosted {
    pub site: Site,
    server: Server,
    speed: Option<u32>,
}

/// What else a configuration says.
#[derive(Debug, Default)]
pub struct Configured {
    pub campaigns: CampaignDefaults,
    pub approvals: ApprovalPolicy,
    pub prices: Option<Prices>,
    pub webhook: Option<Target>,
}

impl Hosted {
    pub async fn start(data: &Path, speed: Option<u32>) -> Result<Self, ServerError> {
        Self::start_configured(data, speed, Configured::default()).await
    }

    /// With more of what stands in a configuration.
    pub async fn start_configured(
        data: &Path,
        speed: Option<u32>,
        configured: Configured,
    ) -> Result<Self, ServerError> {
        let keeping = Keeping::default();
        Self::start_with(ANY_PORT, data, speed, keeping, configured).await
    }

    /// With the wall's time and a log that is kept in a certain way.
    pub async fn start_keeping(data: &Path, keeping: Keeping) -> Result<Self, ServerError> {
        Self::start_with(ANY_PORT, data, None, keeping, Configured::default()).await
    }

    /// At a known address, for clients that outlive the server.
    pub async fn start_at(
        listen: SocketAddr,
        data: &Path,
        speed: Option<u32>,
    ) -> Result<Self, ServerError> {
        let keeping = Keeping::default();
        Self::start_with(listen, data, speed, keeping, Configured::default()).await
    }

    /// Where others must approve what one asks for.
    pub async fn start_asking(data: &Path, approvals: ApprovalPolicy) -> Result<Self, ServerError> {
        let configured = Configured {
            approvals,
            ..Configured::default()
        };
        Self::start_configured(data, None, configured).await
    }

    async fn start_with(
        listen: SocketAddr,
        data: &Path,
        speed: Option<u32>,
        keeping: Keeping,
        configured: Configured,
    ) -> Result<Self, ServerError> {
        let server = Server::start(ServerOptions {
            data: data.to_owned(),
            site: Name::parse(site::NAME).expect("our own names are valid"),
            listen,
            listen_near: false,
            http_listen: ANY_PORT,
            speed,
            keeping,
            campaigns: configured.campaigns,
            approvals: configured.approvals,
            prices: configured.prices,
            webhook: configured.webhook,
        })
        .await?;
        let site = Site {
            address: server.address,
            data: data.to_owned(),
        };
        Ok(Self {
            site,
            server,
            speed,
        })
    }

    /// The clock that devices should live by.
    #[must_use]
    pub fn clock(&self) -> SimClock {
        SimClock::starting_now(self.server.clock.now_ms(), self.speed.unwrap_or(1))
    }

    /// The sum of a metric's series. It is that of all engines in this process.
    pub async fn metric(&self, name: &str) -> Result<f64, Failure> {
        let mut stream = TcpStream::connect(self.server.http_address).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let value = rest
                .starts_with([' ', '{'])
                .then(|| rest.rsplit(' ').next());
            value.flatten()?.parse::<f64>().ok()
        });
        Ok(values.sum())
    }

    pub async fn stop(self) -> Result<(), Failure> {
        Ok(self.server.stop().await?)
    }
}

/// A port that stays free until it is wanted, and again between two servers.
pub fn address() -> Result<SocketAddr, Failure> {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let salt = u64::from(std::process::id()) << 16 | ASKED.fetch_add(1, Ordering::Relaxed);
    Ok(served::free_ports(salt)
        .next()
        .ok_or("there is no free port")?)
}

/// Gives a story only so much time.
pub async fn bounded<T>(story: impl Future<Output = Result<T, Failure>>) -> T {
    match timeout(PATIENCE, story).await {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => panic!("{error}"),
        Err(_) => panic!("not over after {PATIENCE:?}"),
    }
}
