//! Where lives are lived: a process of its own for each, recorded, with a disk as a power cut left it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::disk::Disk;
use super::life::{Account, Life};
use super::trace::Trace;
use crate::Failure;

/// A life takes a tenth of a second; sled may need its half minute of being waited for, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The programs, and a directory for everything.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    program: PathBuf,
    recorder: PathBuf,
    below: PathBuf,
}

/// A failure of the disk that the recorder acts out, as it is given in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    FullAfter(u64),
    FailSync(u64),
    FailSyncsFrom(u64),
    FailWrite(u64),
    FailRead(u64),
    ReadOnly,
}

impl Fault {
    /// As the system's errors number it: no space left on device, I/O error, read-only file system.
    pub(super) fn os_error(self) -> u32 {
        match self {
            Self::FullAfter(_) => 28,
            Self::ReadOnly => 30,
            Self::FailSync(_) | Self::FailSyncsFrom(_) | Self::FailWrite(_) | Self::FailRead(_) => {
                5
            }
        }
    }

    pub(super) fn variable(self) -> (&'static str, String) {
        let (name, number) = match self {
            Self::FullAfter(bytes) => ("FLEETFOLD_RECORDER_FULL_AFTER", bytes),
            Self::FailSync(number) => ("FLEETFOLD_RECORDER_FAIL_SYNC", number),
            Self::FailSyncsFrom(number) => ("FLEETFOLD_RECORDER_FAIL_SYNCS_FROM", number),
            Self::FailWrite(number) => ("FLEETFOLD_RECORDER_FAIL_WRITE", number),
            Self::FailRead(number) => ("FLEETFOLD_RECORDER_FAIL_READ", number),
            Self::ReadOnly => ("FLEETFOLD_RECORDER_READ_ONLY", 1),
        };
        (name, number.to_string())
    }
}

/// How a life went.
#[derive(Debug)]
pub(super) struct Lived {
    pub(super) status: ExitStatus,
    /// What it said at its end, if it ended well.
    pub(super) account: Option<Account>,
    pub(super) said: String,
    pub(super) trace: Trace,
}

impl Stage {
    pub(super) fn new(below: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let recorder = recorder_beside(&program)?;
        let below = below.canonicalize()?;
        Ok(Self {
            program,
            recorder,
            below,
        })
    }

    pub(super) fn recorder(&self) -> &Path {
        &self.recorder
    }

    pub(super) fn below(&self) -> &Path {
        &self.below
    }

    /// Lives a life on the disk, and puts what it wrote in `name`. `disk` then knows the files by the numbers of the
    /// trace; what the process did to them is for the caller to apply.
    pub(super) fn live(
        &self,
        name: &str,
        disk: &mut Disk,
        life: &Life,
        faults: &[Fault],
    ) -> Result<Lived, Failure> {
        let dir = self.below.join(name);
        let root = dir.join("disk");
        fs::create_dir_all(&root)?;
        disk.write_to(&root)?;
        let (trace, marks) = (dir.join("trace"), dir.join("marks"));
        File::create(&trace)?;
        let mut command = Command::new(&self.program);
        command
            .arg("live")
            .arg("--dir")
            .arg(root.join("log"))
            .arg("--marks")
            .arg(&marks)
            .args(["--seed", &life.seed.to_string()])
            .args(["--life", &life.life.to_string()])
            .args(["--batches", &life.batches.to_string()])
            .args(["--segment-bytes", &life.segment_bytes.to_string()])
            .args(life.keeps.then_some("--keeps"))
            .env("LD_PRELOAD", &self.recorder)
            .env("FLEETFOLD_RECORDER_DIR", &root)
            .env("FLEETFOLD_RECORDER_TRACE", &trace)
            .env("FLEETFOLD_RECORDER_MARKS", &marks)
            .envs(faults.iter().map(|fault| fault.variable()))
            .env("RUST_BACKTRACE", "0");
        let (status, output, said) = run(command)?;
        let account = status.success().then(|| serde_json::from_str(&output));
        let lived = Lived {
            status,
            account: account.transpose()?,
            said,
            trace: Trace::read(&trace)?,
        };
        let mut after = disk.clone();
        for op in lived.trace.ops()? {
            after.apply(&op)?;
        }
        if let Some(how) = after.differs_from(&root)? {
            return Err(format!("the recorder has missed something: {how}").into());
        }
        fs::remove_dir_all(&dir)?;
        Ok(lived)
    }
}

pub(super) fn recorder_beside(program: &Path) -> Result<PathBuf, Failure> {
    let recorder = program.with_file_name("libfleetfold_recorder.so");
    if recorder.is_file() {
        return Ok(recorder);
    }
    let recorder = recorder.display();
    Err(
        format!("{recorder} is not there; `cargo build --release -p fleetfold-recorder` makes it")
            .into(),
    )
}

/// Runs a command to its end, which has to come.
pub(super) fn run(mut command: Command) -> Result<(ExitStatus, String, String), Failure> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let id = rustix::process::Pid::from_child(&child);
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(PATIENCE) else {
        rustix::process::kill_process(id, rustix::process::Signal::KILL)?;
        return Err(format!("it hung for {PATIENCE:?}").into());
    };
    let output = output?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status, text(&output.stdout), text(&output.stderr)))
}
