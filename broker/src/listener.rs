//! Accepts connections. Never waits for one of them, and survives everything that can go wrong with accepting.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::sleep};

use crate::{
    broker::{Place, Shared},
    connection,
    host::Host,
    refusal::Refusal,
};

/// Pause after a failed accept: open files run out in bursts, and trying at once again would only burn the processor.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// Longest pause: what a client waits for at worst after the shortage has ended.
const PAUSE_MAX: Duration = Duration::from_secs(1);

pub(crate) async fn accept<H: Host>(listener: TcpListener, shared: Arc<Shared>, host: Arc<H>) {
    let mut stopping = shared.stopping.subscribe();
    let mut pause = PAUSE_MIN;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = PAUSE_MIN;
                // Closed without a word: an answer would take what there is too little of.
                let Some(place) = Place::take(&shared) else {
                    shared.meters.refused(Refusal::TooManyConnections);
                    continue;
                };
                // Answers are small and awaited; they must not wait for each other. A socket that refuses is closing.
                let _ = stream.set_nodelay(true);
                let (shared, host) = (Arc::clone(&shared), Arc::clone(&host));
                tokio::spawn(async move {
                    connection::serve(&shared, &*host, stream, peer).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept a connection");
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}
