//! `fleetfold serve` on disks that fail: it ends with an error that says so, hangs never, and starts again with all it
//! has acknowledged. And a second one of the same directory is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fleetfold_schemas::{DeviceId, ModelId};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::stage::{Fault, Stage};
use crate::{
    Failure, devices,
    recount::Recount,
    served::{ServeCommand, Served},
    site::Site,
};

/// A server ends within milliseconds of a failure; on a loaded machine, and with a sled to be waited for, this is
/// plenty.
const PATIENCE: Duration = Duration::from_secs(45);
/// Its exit status when it cannot start or go on.
const FAILED: i32 = 1;
/// Failures that sooner or later meet the journal: some while it opens the log, some while it serves.
const FAULTS: [Fault; 9] = [
    Fault::ReadOnly,
    Fault::FullAfter(0),
    Fault::FullAfter(900),
    Fault::FullAfter(6_000),
    Fault::FailSyncsFrom(1),
    Fault::FailSyncsFrom(9),
    Fault::FailSyncsFrom(25),
    Fault::FailWrite(2),
    Fault::FailWrite(20),
];

/// Positions of commands that were accepted.
type Accepted = Arc<Mutex<Vec<u64>>>;

/// Serves on failing disks, one after the other, and returns how often that was tried.
pub(super) fn run(seed: u64, stage: &Stage) -> Result<Value, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(all(seed, stage))
}

async fn all(seed: u64, stage: &Stage) -> Result<Value, Failure> {
    let first = directory(stage, "serve-first")?;
    let serve = ServeCommand::prepare(&first, seed)?;
    let accepted = Accepted::default();
    let mut server = start(&serve).await?;
    for number in 0..3 {
        register(&serve.site(), number, &accepted).await?;
    }
    second_is_refused(stage, &serve, seed).await?;
    // Still there, and undisturbed.
    register(&serve.site(), 3, &accepted).await?;
    if let Ok(ended) = timeout(Duration::ZERO, server.ended()).await {
        return Err(format!("serve has ended: {:?}", ended?).into());
    }
    server.kill()?;

    let mut acknowledged = 0;
    for (number, fault) in FAULTS.into_iter().enumerate() {
        let case = Case {
            stage,
            fault,
            seed: seed + 1 + number as u64,
            name: format!("serve-{number}"),
        };
        let outcome = case.run(&serve.site().data, &accepted).await;
        acknowledged += outcome.map_err(|error| format!("serve with {fault:?}: {error}"))?;
    }
    Ok(json!({ "failures": FAULTS.len(), "acknowledged": acknowledged, "lost": 0 }))
}

struct Case<'a> {
    stage: &'a Stage,
    fault: Fault,
    seed: u64,
    name: String,
}

impl Case<'_> {
    /// Returns how many commands were acknowledged before the end.
    async fn run(&self, data: &Path, before: &Accepted) -> Result<usize, Failure> {
        let dir = directory(self.stage, &self.name)?;
        let serve = ServeCommand::prepare(&dir, self.seed)?;
        let data_here = serve.site().data;
        copy(data, &data_here)?;
        let (variable, value) = self.fault.variable();
        let failing = serve
            .clone()
            .with("LD_PRELOAD", self.stage.recorder())
            .with("FLEETFOLD_RECORDER_DIR", &data_here)
            .with(variable, value);
        let accepted = Accepted::new(Mutex::new(taken(before)));
        let mut server = failing.spawn()?;
        let ready = timeout(PATIENCE, server.ready()).await;
        let commanding = ready
            .map_err(|_| "it hung while starting")?
            .is_ok()
            .then(|| {
                let (site, accepted) = (serve.site(), Arc::clone(&accepted));
                tokio::spawn(async move {
                    for number in 100.. {
                        register(&site, number, &accepted).await?;
                    }
                    Ok::<_, Failure>(())
                })
            });
        let status = timeout(PATIENCE, server.ended()).await;
        if let Some(commanding) = commanding {
            commanding.abort();
        }
        let status = status.map_err(|_| format!("it hung: {}", serve.last_words()))??;
        self.says_why(status, &serve.last_words())?;
        drop(server);

        start(&serve).await?.kill()?;
        let recount = Recount::of(&data_here)?;
        let accepted = taken(&accepted);
        let lost = accepted
            .iter()
            .find(|p| recount.command_at(**p) != Some("device.register"));
        if let Some(position) = lost {
            return Err(format!("the command at {position} is lost").into());
        }
        fs::remove_dir_all(dir)?;
        Ok(accepted.len() - taken(before).len())
    }

    fn says_why(&self, status: ExitStatus, said: &str) -> Result<(), Failure> {
        let number = self.fault.os_error();
        let names_it = said.contains(&format!("(os error {number})"))
            || said.contains(&format!("Os {{ code: {number}, "));
        if status.code() == Some(FAILED) && said.contains("fleetfold: ") && names_it {
            Ok(())
        } else {
            Err(format!("it ended with {status}: {said}").into())
        }
    }
}

async fn second_is_refused(stage: &Stage, serve: &ServeCommand, seed: u64) -> Result<(), Failure> {
    let dir = directory(stage, "serve-second")?;
    let second = ServeCommand::prepare(&dir, !seed)?.of_data(serve.site().data);
    let mut server = second.spawn()?;
    let ended = timeout(PATIENCE, server.ended()).await;
    let status = ended.map_err(|_| "a second serve hung")??;
    let said = second.last_words();
    if status.code() == Some(FAILED) && said.contains("in use by another process") {
        Ok(())
    } else {
        Err(format!("a second serve ended with {status}: {said}").into())
    }
}

async fn start(serve: &ServeCommand) -> Result<Served, Failure> {
    let mut server = serve.spawn()?;
    let ready = timeout(PATIENCE, server.ready()).await;
    let ready = ready.map_err(|_| "it hung while starting")?;
    ready.map_err(|error| format!("{error}: {}", serve.last_words()))?;
    Ok(server)
}

/// Registers one device as the administrator, over a connection of its own.
async fn register(site: &Site, number: u32, accepted: &Accepted) -> Result<(), Failure> {
    let id = DeviceId::parse(&format!("device-{number}"))?;
    let model = ModelId::parse("sensor")?;
    let command = devices::with_token(&id, &model, id.as_str());
    let operator = site.operator().await?;
    for answer in operator.commands(vec![command], |_| {}).await {
        let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.push(answer?.position);
    }
    Ok(())
}

fn taken(accepted: &Accepted) -> Vec<u64> {
    accepted
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn directory(stage: &Stage, name: &str) -> Result<PathBuf, Failure> {
    let dir = stage.below().join(name);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
