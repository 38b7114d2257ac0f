//! `fleetfold serve` as a process of its own, which can be killed.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::sleep;

use crate::{Failure, site};

/// Ports to look for free ones among. They lie below those that Linux gives to clients, and must: a client that connects
/// to a port of that range while nobody listens there can reach itself, and then holds the port.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// Between two looks at whether a process has ended.
const EXIT_POLL: Duration = Duration::from_millis(5);

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Served {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

/// Everything that stays the same from one start to the next.
#[derive(Debug, Clone)]
pub struct ServeCommand {
    program: PathBuf,
    data: PathBuf,
    /// Where it writes its log, that of all starts.
    log: PathBuf,
    listen: SocketAddr,
    metrics_listen: SocketAddr,
    environment: Vec<(OsString, OsString)>,
}

impl ServeCommand {
    /// Serves `below`/data at free ports. `salt` keeps two of these from looking for them in the same place.
    pub fn prepare(below: &Path, salt: u64) -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("fleetfold");
        if !program.is_file() {
            let program = program.display();
            return Err(format!(
                "{program} is not there; `cargo build --release --workspace --bins` makes it"
            )
            .into());
        }
        let config = below.join("fleetfold.yaml");
        std::fs::write(&config, format!("site: {}\n", site::NAME))?;
        let mut ports = free_ports(salt);
        let mut listen = || ports.next().ok_or("there is no free port");
        Ok(Self {
            program,
            data: below.join("data"),
            log: below.join("serve.log"),
            listen: listen()?,
            metrics_listen: listen()?,
            environment: Vec::new(),
        })
    }

    /// The same, with this in its environment.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same, of this directory.
    #[must_use]
    pub fn of_data(mut self, data: PathBuf) -> Self {
        self.data = data;
        self
    }

    #[must_use]
    pub fn site(&self) -> site::Site {
        site::Site {
            address: self.listen,
            data: self.data.clone(),
        }
    }

    pub fn spawn(&self) -> Result<Served, Failure> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let config = self.log.with_file_name("fleetfold.yaml");
        let mut child = Command::new(&self.program)
            .arg("serve")
            .arg("--config")
            .arg(config)
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", &self.listen.to_string()])
            .args(["--metrics-listen", &self.metrics_listen.to_string()])
            .env("FLEETFOLD_LOG", "warn")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take().map(BufReader::new);
        Ok(Served { child, output })
    }

    /// The last of what it logged.
    #[must_use]
    pub fn last_words(&self) -> String {
        const LINES: usize = 20;
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Served {
    /// Waits until it says that it accepts connections.
    pub async fn ready(&mut self) -> Result<(), Failure> {
        let mut output = self.output.take().ok_or("it is being waited for")?;
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while line != "Ready.\n" {
                line.clear();
                if output.read_line(&mut line)? == 0 {
                    return Ok((false, output));
                }
            }
            Ok::<_, std::io::Error>((true, output))
        });
        let (is_ready, output) = read.await??;
        // Kept open, because it may say more and would fail at that.
        self.output = Some(output);
        if is_ready {
            Ok(())
        } else {
            let status = self.child.wait()?;
            Err(format!("serve ended before it was ready: {status}").into())
        }
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus, Failure> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(EXIT_POLL).await;
        }
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(mut self) -> Result<(), Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("serve had ended by itself: {status}").into());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Lets the kernel end it in the middle of a write: the next one that would make any file longer than this.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes: u64) -> Result<(), Failure> {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        prlimit(pid, Resource::Fsize, limit)?;
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    pub fn limit_files(&self, _bytes: u64) -> Result<(), Failure> {
        Err("only Linux can limit another process".into())
    }

    /// Waits until that has happened.
    pub async fn ended_in_write(mut self) -> Result<(), Failure> {
        // The same number on all platforms that Linux runs on but MIPS.
        const SIGXFSZ: i32 = 25;
        let status = self.ended().await?;
        if status.signal() == Some(SIGXFSZ) {
            Ok(())
        } else {
            Err(format!("serve had ended by itself: {status}").into())
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Either fails if it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Free ports on the loopback address, looked for from a place that `salt` decides.
pub fn free_ports(salt: u64) -> impl Iterator<Item = SocketAddr> {
    let count = u64::from(PORTS.end - PORTS.start);
    let start = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    (0..count).filter_map(move |step| {
        let port = PORTS.start + u16::try_from((start + step) % count).ok()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address).ok().map(|_| address)
    })
}
