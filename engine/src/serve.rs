//! `fleetfold serve`: the product.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{Config, WebhookConfig},
    report::report,
    server::{Server, ServerOptions},
};

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Configuration file [default: fleetfold.yaml, if there]
    #[arg(long)]
    config: Option<PathBuf>,
    /// Data directory; overrides the file's `data`
    #[arg(long)]
    data: Option<PathBuf>,
    /// MQTT address and port; overrides the file's `listen`
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Metrics address and port; overrides the file's `metrics_listen`
    #[arg(long)]
    metrics_listen: Option<SocketAddr>,
}

/// Serves until SIGTERM or SIGINT. Ends with 1 if it cannot start or the log fails.
pub async fn run(args: ServeArgs) -> ExitCode {
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: ServeArgs) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::load(args.config.as_deref())?;
    config.data = args.data.unwrap_or(config.data);
    config.listen = args.listen.unwrap_or(config.listen);
    config.metrics_listen = args.metrics_listen.unwrap_or(config.metrics_listen);
    config.check()?;
    let webhook = config.webhook.as_ref().map(WebhookConfig::target);
    let webhook = webhook.transpose()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Server::start(ServerOptions {
        data: config.data.clone(),
        site: config.site,
        listen: config.listen,
        listen_near: false,
        http_listen: config.metrics_listen,
        speed: None,
        keeping: config.log.keeping(),
        campaigns: config.campaigns,
        approvals: config.approvals,
        prices: config.costs,
        webhook,
    })
    .await?;
    greet(&server);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = server.failed() => {
            return ended.map_err(Into::into);
        }
    }
    println!("Stopping.");
    server.stop().await?;
    Ok(())
}

fn greet(server: &Server) {
    if let Some(first) = &server.first_start {
        let file = first.password_file.display();
        println!(
            "First start: made the operator '{}'. Its password is in {file}.",
            first.operator
        );
        println!("Log in with it like this:");
        println!(
            "  mosquitto_sub -p {} -u {} -P \"$(cat {file})\" -t 'fleet/v1/fleet/summary'",
            server.address.port(),
            first.operator
        );
    }
    println!(
        "MQTT at {}, metrics at http://{}/metrics.",
        server.address, server.http_address
    );
    println!("Ready.");
}
