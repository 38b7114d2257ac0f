//! The load: devices that report as fast as PUBACKs allow. The same code and the same bytes for every broker.
//!
//! It must not be what is measured. So every publish is a copy of one frame with two numbers patched, what a read
//! acknowledges is answered with one write, and PUBACKs are counted without looking further; one thread drives all
//! connections.

use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use fleetfold_schemas::{
    DeviceId, DeviceTopic, Digest, ModelId, Topic, Version,
    codec::encode_cbor,
    device::{Hello, Report, Running, Slot},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
    time::sleep,
};

use crate::{Failure, devices, mqtt};

/// Sequence numbers begin here, so that CBOR writes all of them with five bytes, of which four are the number.
const FIRST_SEQ: u32 = 0x1_0000;
/// Bytes of a report's payload.
pub const REPORT_BYTES: usize = 128;
/// Publishes of one connection that may wait for their PUBACK.
pub const WINDOW: usize = 20;
const PUBACK_BYTES: usize = 4;

/// One connection's worth of load, which goes on where it stopped.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: DeviceId,
    pub token: String,
    hello: Hello,
    seq: u32,
    /// PUBLISH of a report. Where its packet id and its sequence number stand follows from its length alone.
    report: Vec<u8>,
    seq_at: usize,
    packet_id_at: usize,
}

impl Source {
    #[must_use]
    pub fn new(id: DeviceId, model: ModelId, token: String) -> Self {
        let running = Running {
            slot: Slot::A,
            version: Version::parse("1.0.0").expect("our own versions are valid"),
            digest: Digest::of(b"bench"),
        };
        let hello = Hello {
            seq: 0,
            ..devices::hello(&model, running.clone())
        };
        let payload = report(running, FIRST_SEQ);
        let seq_bytes = [&[0x1A], &FIRST_SEQ.to_be_bytes()[..]].concat();
        let at = payload.windows(5).position(|bytes| bytes == seq_bytes);
        let seq_in_payload = at.expect("the number is in the payload") + 1;
        let topic = Topic::Device(id.clone(), DeviceTopic::Report).to_string();
        let frame = mqtt::publish(&topic, 0, &payload);
        let payload_at = frame.len() - payload.len();
        Self {
            id,
            token,
            hello,
            seq: FIRST_SEQ,
            seq_at: payload_at + seq_in_payload,
            packet_id_at: payload_at - 2,
            report: frame,
        }
    }

    fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    /// Logs in and says hello.
    pub async fn open(&mut self, address: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = mqtt::login(address, self.id.as_str(), &self.token).await?;
        self.hello.seq = self.next_seq().into();
        let topic = Topic::Device(self.id.clone(), DeviceTopic::Hello).to_string();
        let hello = mqtt::publish(&topic, 1, &encode_cbor(&self.hello));
        stream.write_all(&hello).await?;
        stream.read_exact(&mut [0; PUBACK_BYTES]).await?;
        Ok(stream)
    }

    /// Keeps the window full until `gate` closes, then waits for the last PUBACK.
    async fn report(&mut self, stream: &mut TcpStream, gate: &Gate) -> io::Result<()> {
        let mut output = Vec::with_capacity(WINDOW * self.report.len());
        let mut input = [0; WINDOW * PUBACK_BYTES];
        let mut partial = 0;
        let mut waiting = 0;
        loop {
            output.clear();
            if gate.is_open.get() {
                while waiting < WINDOW {
                    self.push_report(&mut output);
                    waiting += 1;
                }
                stream.write_all(&output).await?;
            } else if waiting == 0 {
                return Ok(());
            }
            let count = stream.read(&mut input).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let acknowledged = (partial + count) / PUBACK_BYTES;
            partial = (partial + count) % PUBACK_BYTES;
            waiting -= acknowledged;
            gate.count.set(gate.count.get() + acknowledged as u64);
        }
    }

    /// So many reports at every tick, each acknowledged before the next tick's.
    async fn report_at_ticks(
        &mut self,
        stream: &mut TcpStream,
        (tick, per_tick): (Duration, usize),
        gate: &Gate,
    ) -> io::Result<()> {
        let mut ticks = tokio::time::interval(tick);
        let mut output = Vec::with_capacity(per_tick * self.report.len());
        let mut input = vec![0; per_tick * PUBACK_BYTES];
        while gate.is_open.get() {
            ticks.tick().await;
            output.clear();
            for _ in 0..per_tick {
                self.push_report(&mut output);
            }
            stream.write_all(&output).await?;
            stream.read_exact(&mut input).await?;
            gate.count.set(gate.count.get() + per_tick as u64);
        }
        Ok(())
    }

    fn push_report(&mut self, output: &mut Vec<u8>) {
        let seq = self.next_seq();
        let start = output.len();
        output.extend_from_slice(&self.report);
        let frame = &mut output[start..];
        frame[self.seq_at..self.seq_at + 4].copy_from_slice(&seq.to_be_bytes());
        // Never 0, and never one that is still under way.
        let packet_id = (seq % 0x7FFF) as u16 + 1;
        frame[self.packet_id_at..self.packet_id_at + 2].copy_from_slice(&packet_id.to_be_bytes());
    }
}

/// Between two reports of a source at a steady load.
const TICK: Duration = Duration::from_millis(10);

/// Connects all sources and lets them report at this rate until they are told to stop.
pub fn run_steadily(
    sources: &mut [Source],
    address: SocketAddr,
    per_second: u32,
    is_over: &AtomicBool,
) -> Result<Rate, Failure> {
    let ticks = u32::try_from(Duration::from_secs(1).as_millis() / TICK.as_millis())?;
    let per_tick = per_second as usize / ticks as usize / sources.len();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let gate = Rc::new(Gate {
            is_open: Cell::new(true),
            count: Cell::new(0),
        });
        let mut tasks = Vec::new();
        for source in &*sources {
            let mut source = source.clone();
            let mut stream = source.open(address).await?;
            let gate = Rc::clone(&gate);
            tasks.push(tokio::task::spawn_local(async move {
                let pace = (TICK, per_tick);
                source.report_at_ticks(&mut stream, pace, &gate).await?;
                Ok::<_, io::Error>(source)
            }));
        }
        let started = Instant::now();
        while !is_over.load(Ordering::Relaxed) {
            sleep(TICK).await;
        }
        let (count, took) = (gate.count.get(), started.elapsed());
        gate.is_open.set(false);
        for (source, task) in sources.iter_mut().zip(tasks) {
            *source = task.await??;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let per_second = count as f64 / took.as_secs_f64();
        Ok(Rate {
            per_second,
            acknowledged: gate.count.get(),
        })
    }))
}

/// Fills the version up so that the payload has the wanted length.
fn report(mut running: Running, seq: u32) -> Vec<u8> {
    loop {
        let payload = encode_cbor(&Report {
            epoch: 1,
            seq: seq.into(),
            running: running.clone(),
            job: None,
            boot_ms: None,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        });
        if payload.len() >= REPORT_BYTES {
            return payload;
        }
        let longer = format!("{}0", running.version);
        running.version = Version::parse(&longer).expect("a version may be longer than that");
    }
}

/// What all connections of a run share.
#[derive(Debug)]
struct Gate {
    is_open: Cell<bool>,
    count: Cell<u64>,
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    /// Of hellos and reports, before, during and after the measured time.
    pub acknowledged: u64,
}

/// Connects all sources, lets them report for `warm_up` and `measured`, and waits until everything is acknowledged.
pub fn run(
    sources: &mut [Source],
    address: SocketAddr,
    warm_up: Duration,
    measured: Duration,
) -> Result<Rate, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let gate = Rc::new(Gate {
            is_open: Cell::new(true),
            count: Cell::new(0),
        });
        let mut tasks = Vec::new();
        for source in &*sources {
            let mut source = source.clone();
            let mut stream = source.open(address).await?;
            let gate = Rc::clone(&gate);
            gate.count.set(gate.count.get() + 1);
            tasks.push(tokio::task::spawn_local(async move {
                source.report(&mut stream, &gate).await?;
                Ok::<_, io::Error>(source)
            }));
        }
        sleep(warm_up).await;
        let (before, started) = (gate.count.get(), Instant::now());
        sleep(measured).await;
        let (count, took) = (gate.count.get() - before, started.elapsed());
        gate.is_open.set(false);
        for (source, task) in sources.iter_mut().zip(tasks) {
            *source = task.await??;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let per_second = count as f64 / took.as_secs_f64();
        Ok(Rate {
            per_second,
            acknowledged: gate.count.get(),
        })
    }))
}
