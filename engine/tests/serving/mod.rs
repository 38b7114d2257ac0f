//! The real server, for tests that are its clients.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{net::SocketAddr, path::Path};

use fleetfold::server::{Keeping, Server, ServerOptions};
use fleetfold_schemas::{Name, approval::ApprovalPolicy, campaign::CampaignDefaults};

pub const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub async fn serve(data: &Path) -> Server {
    let options = ServerOptions {
        data: data.to_owned(),
        site: Name::parse("test").unwrap(),
        listen: ANY_PORT,
        listen_near: false,
        http_listen: ANY_PORT,
        speed: None,
        keeping: Keeping::default(),
        campaigns: CampaignDefaults::default(),
        approvals: ApprovalPolicy::default(),
        prices: None,
        webhook: None,
    };
    Server::start(options).await.unwrap()
}
