//! How many QoS 1 publishes a second this broker takes, load generator included.
//!
//! `cargo run --release -p fleetfold-broker --example ingest [connections] [window] [payload bytes] [seconds] \
//! [commit microseconds]`
//!
//! Every connection keeps its window full of reports and counts PUBACKs. With a commit time of 0 the host accepts at
//! once; with another, a thread takes what waits, sleeps that long, as if it flushed a log, and accepts it all.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fleetfold_broker::{
    Broker, BrokerConfig, Host, Identity, Login, LoginRefused, Received, RetainedSink,
};
use fleetfold_schemas::id::DeviceId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

struct LoadHost {
    /// To the thread that commits, if there is one.
    commit: Option<mpsc::Sender<Vec<Received>>>,
}

/// Batches that wait for a commit; a full queue stops the reading of sockets.
const BATCHES_MAX: usize = 1_024;

impl Host for LoadHost {
    async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        let id = DeviceId::parse(&login.client_id).map_err(|_| LoginRefused::BadCredentials)?;
        Ok(Identity::Device {
            id,
            login_counter: None,
        })
    }

    async fn receive(&self, batch: Vec<Received>) {
        match &self.commit {
            None => accept(batch),
            Some(commit) => commit
                .send(batch)
                .await
                .expect("the thread outlives the host"),
        }
    }

    async fn retained(&self, _who: &Identity, _filter: &str, _sink: RetainedSink) {}
}

fn accept(batch: Vec<Received>) {
    for message in batch {
        message.session.admit(None);
        message.ack.accept();
    }
}

fn commit(mut waiting: mpsc::Receiver<Vec<Received>>, time: Duration) {
    let mut taken = Vec::new();
    while waiting.blocking_recv_many(&mut taken, BATCHES_MAX) > 0 {
        std::thread::sleep(time);
        taken.drain(..).for_each(accept);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (connections, window, payload) = (next(100)?, next(20)?, next(128)?);
    let seconds = next(5)?;
    let commit_us = next(0)?;

    let host = LoadHost {
        commit: (commit_us > 0).then(|| {
            let (sender, waiting) = mpsc::channel(BATCHES_MAX);
            let time = Duration::from_micros(commit_us as u64);
            std::thread::spawn(move || commit(waiting, time));
            sender
        }),
    };
    let listen = "127.0.0.1:0".parse()?;
    let broker = Broker::start(BrokerConfig::new(listen), Arc::new(host)).await?;
    let address = broker.address();
    let acknowledged = Arc::new(AtomicU64::new(0));
    for number in 0..connections {
        let stream = TcpStream::connect(address).await?;
        let acknowledged = Arc::clone(&acknowledged);
        tokio::spawn(async move {
            if let Err(error) = load(stream, number, window, payload, &acknowledged).await {
                eprintln!("connection {number}: {error}");
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (from, started) = (acknowledged.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    let count = acknowledged.load(Ordering::Relaxed) - from;
    println!(
        "{:.0} publishes/s, {connections} connections, window {window}, {payload} bytes, commit {commit_us} us",
        count as f64 / started.elapsed().as_secs_f64()
    );
    broker.shutdown().await;
    Ok(())
}

/// One device: a hello, then reports as fast as PUBACKs allow.
async fn load(
    mut stream: TcpStream,
    number: usize,
    window: usize,
    payload: usize,
    acknowledged: &AtomicU64,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let id = format!("device-{number}");
    let mut connect = vec![0x10, 12 + id.len() as u8];
    connect.extend(b"\0\x04MQTT\x04\x02\0\0");
    connect.extend([0, id.len() as u8]);
    connect.extend(id.as_bytes());
    stream.write_all(&connect).await?;
    stream.read_exact(&mut [0; 4]).await?;
    stream.write_all(&publish(&id, "hello", 16)).await?;
    stream.read_exact(&mut [0; 4]).await?;

    let report = publish(&id, "report", payload);
    let mut output = report.repeat(window);
    let mut input = [0; 4096];
    let mut partial = 0;
    loop {
        stream.write_all(&output).await?;
        let count = partial + stream.read(&mut input).await?;
        if count == partial {
            return Ok(());
        }
        partial = count % 4;
        acknowledged.fetch_add(count as u64 / 4, Ordering::Relaxed);
        output.clear();
        (0..count / 4).for_each(|_| output.extend_from_slice(&report));
    }
}

fn publish(id: &str, topic: &str, payload: usize) -> Vec<u8> {
    let topic = format!("fleet/v1/devices/{id}/{topic}");
    let remaining = 2 + topic.len() + 2 + payload;
    let mut packet = vec![
        0x32,
        0x80 | (remaining % 128) as u8,
        (remaining / 128) as u8,
    ];
    packet.extend((topic.len() as u16).to_be_bytes());
    packet.extend(topic.as_bytes());
    packet.extend([0, 1]);
    packet.resize(packet.len() + payload, b'x');
    packet
}
