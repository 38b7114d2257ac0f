//! One connection: its task reads, answers, sends and watches the clock, all at once and none in the way of another.
//!
//! Works on any byte stream, so that TLS and WebSocket need nothing from it.

use std::{
    future::poll_fn,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, WriteHalf},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    broker::Shared,
    frame::Version,
    handshake::{self, Failed, Opened},
    host::{Host, Identity},
    input::Input,
    packet,
    reader::Reader,
    refusal::Refusal,
    retained,
    session::Session,
};

/// Time to write what is left when a session ends. A client that still reads takes milliseconds.
const LAST_WRITE_MAX: Duration = Duration::from_secs(1);
/// Time and bytes for which a refused client is still listened to. To close while it sends would reset the connection
/// and take our last packet, the reason, with it.
const LINGER_MAX: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// DISCONNECT; the will is forgotten.
    Left,
    /// DISCONNECT, and the will is to be published (MQTT 5.0 section 3.14.2.1).
    LeftWithWill,
    /// The connection closed or broke without a DISCONNECT.
    Lost,
    Refused(Refusal),
}

pub(crate) async fn serve<H, T>(shared: &Arc<Shared>, host: &H, mut stream: T, peer: SocketAddr)
where
    H: Host,
    T: AsyncRead + AsyncWrite + Send + Unpin,
{
    let mut input = Input::new();
    let mut stopping = shared.stopping.subscribe();
    let opening = timeout(
        shared.config.connect_timeout,
        handshake::open(shared, host, &mut stream, &mut input, peer),
    );
    let opened = tokio::select! {
        opened = opening => opened.unwrap_or(Err(Failed::Refused(Refusal::ConnectTimeout, None))),
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    match opened {
        Ok(opened) => Box::pin(run(shared, host, stream, input, opened)).await,
        Err(Failed::Gone) => {}
        Err(Failed::Refused(refusal, version)) => {
            shared.meters.refused(refusal);
            tracing::info!(%peer, code = refusal.code(), "login refused");
            let mut last = BytesMut::new();
            if let Some(version) = version {
                packet::connack_refused(version, refusal, &mut last);
            }
            part(stream, last, version.is_some()).await;
        }
    }
}

/// Takes the session off the books however its task ends.
struct Registered<'a> {
    shared: &'a Shared,
    session: Arc<Session>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        // Whoever still holds the session must not take it for a live one.
        self.session.close(Refusal::Administrative);
        self.shared.registry.leave(&self.session);
    }
}

async fn run<H, T>(shared: &Shared, host: &H, stream: T, mut input: Input, opened: Opened)
where
    H: Host,
    T: AsyncRead + AsyncWrite + Send + Unpin,
{
    let Opened {
        session,
        login_began,
        keep_alive,
        packet_bytes_max,
        connack,
    } = opened;
    // First in the outbox, so before anything that is published from now on.
    session.reply(|out| out.extend_from_slice(&connack));
    drop(connack);
    enter(shared, &session, login_began);
    let registered = Registered {
        shared,
        session: Arc::clone(&session),
    };

    let (mut read_half, mut write_half) = tokio::io::split(stream);
    let mut writing = BytesMut::new();
    let clock = Clock::new(keep_alive);
    let mut reader = Reader::new(shared, host, &session, &clock, packet_bytes_max);
    // In this order: what reading and retained values produce is written in the same turn.
    let ending = tokio::select! {
        biased;
        ending = reader.run(&mut input, &mut read_half) => ending,
        never = retained::serve(host, shared, &session) => never,
        refusal = clock.watch(shared, &session) => Ending::Refused(refusal),
        ending = write(shared, &session, &mut write_half, &mut writing) => ending,
    };

    if ending == Ending::Left {
        drop(session.take_will());
    }
    shared.publish_will(&session);
    drop(registered);
    let refusal = match ending {
        Ending::Refused(refusal) => Some(refusal),
        Ending::Left | Ending::LeftWithWill => None,
        Ending::Lost => return,
    };
    if let Some(refusal) = refusal {
        shared.meters.refused(refusal);
        tracing::info!(client = %session.client_id, code = refusal.code(), "connection closed");
    }
    finish(&session, read_half.unsplit(write_half), writing, refusal).await;
}

/// Takes the client's place from an earlier session of the same client (MQTT 5.0 section 3.1.4).
fn enter(shared: &Shared, session: &Arc<Session>, login_began: std::time::Instant) {
    if let Some(earlier) = shared.registry.enter(session) {
        earlier.close(Refusal::SessionTakenOver);
        // Now, not when the earlier connection gets to it: its "offline" must not follow our client's "online".
        shared.publish_will(&earlier);
    }
    if let Some(refusal) = shared.closings.since(&session.identity, login_began) {
        session.close(refusal);
    }
    // A shutdown that began after our login has not seen this session.
    if *shared.stopping.borrow() {
        session.close(Refusal::ShuttingDown);
    }
}

async fn write<T: AsyncWrite>(
    shared: &Shared,
    session: &Session,
    stream: &mut WriteHalf<T>,
    writing: &mut BytesMut,
) -> Ending {
    loop {
        if let Err(refusal) = poll_fn(|cx| session.poll_output(cx, writing)).await {
            return Ending::Refused(refusal);
        }
        shared.meters.bytes_out.increment(writing.len() as u64);
        // Part by part: when this future is dropped, `writing` holds exactly what is still to be written.
        while !writing.is_empty() {
            let written = tokio::select! {
                biased;
                written = stream.write_buf(writing) => written,
                // A client that does not read must not keep its session from being closed.
                refusal = poll_fn(|cx| session.poll_closing(cx)) => return Ending::Refused(refusal),
            };
            if !matches!(written, Ok(1..)) {
                return Ending::Lost;
            }
        }
    }
}

/// Writes what is left and why it ends.
async fn finish<T: AsyncRead + AsyncWrite + Unpin>(
    session: &Session,
    stream: T,
    mut writing: BytesMut,
    refusal: Option<Refusal>,
) {
    let mut rest = BytesMut::new();
    session.last_output(&mut rest);
    writing.unsplit(rest);
    if let (Some(refusal), Version::V5) = (refusal, session.version) {
        packet::disconnect(refusal, &mut writing);
    }
    part(stream, writing, refusal.is_some()).await;
}

/// Says the last words and closes.
async fn part<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T, mut last: BytesMut, linger: bool) {
    let said = timeout(LAST_WRITE_MAX, async {
        stream.write_all_buf(&mut last).await?;
        stream.shutdown().await
    });
    if !matches!(said.await, Ok(Ok(()))) || !linger {
        return;
    }
    let mut sink = [0; 1024];
    let listen = async {
        let mut heard = 0;
        while let Ok(count @ 1..) = stream.read(&mut sink).await {
            heard += count;
            if heard > LINGER_BYTES_MAX {
                break;
            }
        }
    };
    // Whoever still sends after that loses the reason, not us the connection.
    let _ = timeout(LINGER_MAX, listen).await;
}

/// What the connection knows of time.
pub(crate) struct Clock {
    started: Instant,
    /// Longest silence; `None` for a keepalive of 0 (MQTT 5.0 section 3.1.2.10).
    silence_max: Option<Duration>,
    /// When bytes last came, in milliseconds after `started`.
    heard_ms: AtomicU64,
    /// We do not read at the moment, so the client cannot be heard.
    deaf: AtomicBool,
}

impl Clock {
    fn new(keep_alive: u16) -> Self {
        Self {
            started: Instant::now(),
            silence_max: (keep_alive > 0)
                .then(|| Duration::from_millis(u64::from(keep_alive) * 1_500)),
            heard_ms: AtomicU64::new(0),
            deaf: AtomicBool::new(false),
        }
    }

    pub(crate) fn heard(&self) {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(now_ms, Ordering::Relaxed);
        self.deaf.store(false, Ordering::Relaxed);
    }

    /// The host keeps us from reading; the client's silence proves nothing until `heard`.
    pub(crate) fn deaf(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    /// Returns when the client has run out of time.
    async fn watch(&self, shared: &Shared, session: &Session) -> Refusal {
        if matches!(session.identity, Identity::Device { .. }) {
            let deadline = self.started + shared.config.hello_timeout;
            tokio::select! {
                refusal = self.watch_silence() => return refusal,
                () = sleep_until(deadline) => {}
            }
            if !session.is_admitted() {
                return Refusal::HelloTimeout;
            }
        }
        self.watch_silence().await
    }

    async fn watch_silence(&self) -> Refusal {
        let Some(silence_max) = self.silence_max else {
            return std::future::pending().await;
        };
        loop {
            let heard = if self.deaf.load(Ordering::Relaxed) {
                Instant::now()
            } else {
                self.started + Duration::from_millis(self.heard_ms.load(Ordering::Relaxed))
            };
            let deadline = heard + silence_max;
            if deadline <= Instant::now() {
                return Refusal::KeepAliveTimeout;
            }
            sleep_until(deadline).await;
        }
    }
}
