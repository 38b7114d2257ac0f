//! `/metrics` for Prometheus and `/healthz` for supervisors. Read-only; commands come over MQTT alone.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

/// Seconds; an append is a few milliseconds on a good disk, and one second is an outage.
const APPEND_BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0,
];
const BATCH_BUCKETS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 8192.0];

/// Whether the engine still takes messages.
pub type Health = Arc<AtomicBool>;

#[derive(Clone)]
struct Shared {
    metrics: PrometheusHandle,
    health: Health,
}

/// The process's one recorder; a second server in the same process shares it.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(
                    Matcher::Full("fleetfold_append_seconds".into()),
                    APPEND_BUCKETS_S,
                )
                .and_then(|builder| {
                    builder.set_buckets_for_metric(
                        Matcher::Full("fleetfold_batch_events".into()),
                        BATCH_BUCKETS,
                    )
                })
                .expect("the buckets are not empty");
            builder
                .install_recorder()
                .expect("this is the only place that installs a recorder")
        })
        .clone()
}

/// Serves until the runtime ends.
pub async fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    health: Health,
) -> std::io::Result<()> {
    let app = Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(healthz))
        .with_state(Shared { metrics, health });
    axum::serve(listener, app).await
}

async fn render(State(shared): State<Shared>) -> ([(&'static str, &'static str); 1], String) {
    shared.metrics.run_upkeep();
    let content_type = ("content-type", "text/plain; version=0.0.4; charset=utf-8");
    ([content_type], shared.metrics.render())
}

async fn healthz(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.health.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the log has failed or the engine is stopping\n",
        )
    }
}

/// Listens at `wanted`, or at the next free port of ten.
pub async fn bind_near(wanted: SocketAddr) -> std::io::Result<TcpListener> {
    const PORTS_TRIED: u16 = 10;
    let mut last_error = None;
    for port in wanted.port()..=wanted.port().saturating_add(PORTS_TRIED) {
        match TcpListener::bind(SocketAddr::new(wanted.ip(), port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.expect("at least one port was tried"))
}
