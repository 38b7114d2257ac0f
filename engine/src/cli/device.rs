//! `fleetfold device`

mod explain;
mod update;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use fleetfold_schemas::{
    command::{
        AssignDevice, Command, Credential, Lifecycle, RegisterDevice, SetLifecycle, UnflagDevice,
    },
    id::{DeviceId, ModelId, Name, Sha256},
    status::{DeviceStatus, ExecutionView, SlotStatus},
    topic::{DeviceTopic, Topic, filter},
};

use self::{explain::Explain, update::Update};
use super::{
    connection::Connection,
    failure::Failure,
    key_file::{self, NewKey},
    output::{self, Table, done, print},
};

/// A token shorter than this could be guessed (STANDARDS: at least 128 random bits); it is what those take in Base64.
const TOKEN_BYTES_MIN: usize = 22;

#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Make a device known, with what it logs in with
    Register(Register),
    /// Give a device to another tenant
    Assign {
        device: DeviceId,
        #[arg(long)]
        tenant: Name,
        #[command(flatten)]
        connection: Connection,
    },
    /// Take a device out of campaigns for a while, take it back, or retire it for good
    Lifecycle {
        device: DeviceId,
        /// maintenance: a job that it has not accepted is taken back. retired: its session is closed, and it never logs in again
        #[arg(value_parser = lifecycle)]
        lifecycle: Lifecycle,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the devices there are
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Offer a device something again: its executions kept failing, and somebody has looked at it
    Unflag {
        device: DeviceId,
        /// What was done about it, for the record
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say why a device is, or is not, being updated, and what it waits for
    Explain(Explain),
    /// Update one device by itself, in a campaign of its own
    Update(Update),
    /// Show one device
    Show {
        device: DeviceId,
        /// One JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Args)]
pub struct Register {
    device: DeviceId,
    #[arg(long)]
    model: ModelId,
    /// Whom it belongs to. Without it, the first tenant that the device names; or your own, if you are there for one
    #[arg(long)]
    tenant: Option<Name>,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct With {
    /// The device's public key: 64 hexadecimal digits. It logs in with tokens it signs itself; preferred
    #[arg(long, value_name = "FILE.pub")]
    key: Option<PathBuf>,
    /// A file with the token that the device has; only its SHA-256 is sent and kept
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Make a token and print it: it is not kept anywhere, and is the password of the device from now on
    #[arg(long)]
    new_token: bool,
    /// Make a key pair, ID.key and ID.pub in this directory, for a device that cannot make its own
    #[arg(long, value_name = "DIR")]
    new_key: Option<PathBuf>,
}

pub(super) async fn run(command: DeviceCommand) -> Result<ExitCode, Failure> {
    match command {
        DeviceCommand::Register(register) => register.run().await,
        DeviceCommand::Assign {
            device,
            tenant,
            connection,
        } => assign(device, tenant, &connection).await,
        DeviceCommand::Unflag {
            device,
            reason,
            connection,
        } => unflag(device, reason, &connection).await,
        DeviceCommand::Lifecycle {
            device,
            lifecycle,
            connection,
        } => set_lifecycle(device, lifecycle, &connection).await,
        DeviceCommand::Explain(explain) => explain.run().await,
        DeviceCommand::Update(update) => update.run().await,
        DeviceCommand::List { json, connection } => list(json, &connection).await,
        DeviceCommand::Show {
            device,
            json,
            connection,
        } => show(&device, json, &connection).await,
    }
}

async fn assign(
    device: DeviceId,
    tenant: Name,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let said = format!("{device} belongs to {tenant}");
    let command = Command::AssignDevice(AssignDevice { device, tenant });
    let accepted = connection.send(command, None).await?;
    done(&format!("{said} since position {}", accepted.position))
}

/// What an operator can make of a device; provisioned is what it is before it has been heard of.
fn lifecycle(text: &str) -> Result<Lifecycle, String> {
    match text {
        "active" => Ok(Lifecycle::Active),
        "maintenance" => Ok(Lifecycle::Maintenance),
        "retired" => Ok(Lifecycle::Retired),
        _ => Err("expected active, maintenance or retired".to_owned()),
    }
}

async fn set_lifecycle(
    device: DeviceId,
    lifecycle: Lifecycle,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let said = match lifecycle {
        Lifecycle::Maintenance => format!("{device} is in maintenance"),
        Lifecycle::Provisioned | Lifecycle::Active | Lifecycle::Retired => {
            format!("{device} is {}", lifecycle.as_str())
        }
    };
    let command = Command::SetLifecycle(SetLifecycle { device, lifecycle });
    let accepted = connection.send(command, None).await?;
    done(&format!("{said} since position {}", accepted.position))
}

async fn unflag(
    device: DeviceId,
    reason: Option<String>,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let said = format!("{device} is no longer flagged");
    let command = Command::UnflagDevice(UnflagDevice { device, reason });
    let accepted = connection.send(command, None).await?;
    done(&format!("{said} since position {}", accepted.position))
}

/// What was made for the device and must be said, or taken back.
enum Made {
    Nothing,
    Token(String),
    Key(Box<NewKey>),
}

impl Register {
    async fn run(self) -> Result<ExitCode, Failure> {
        // Before anything is made: most failures are those to connect.
        let client = self.connection.open().await?;
        let (credential, made) = self.with.credential(&self.device)?;
        let command = Command::RegisterDevice(RegisterDevice {
            tenant: self.tenant,
            device: self.device.clone(),
            model: self.model,
            credential,
        });
        let answer = client.command(command, None).await;
        client.close().await;
        let accepted = match (answer, &made) {
            (Ok(accepted), _) => accepted,
            // Refused for sure, so nothing uses that key. Without an answer it may be in use.
            (Err(error), Made::Key(key)) if error.code().is_some() => {
                key.remove();
                return Err(error.into());
            }
            (Err(error), Made::Token(token)) if error.code().is_none() => {
                eprintln!("the token, should the device be registered all the same: {token}");
                return Err(error.into());
            }
            (Err(error), _) => return Err(error.into()),
        };
        let said = format!(
            "{} is registered at position {}",
            self.device, accepted.position
        );
        match made {
            Made::Nothing => done(&said),
            // The token alone on stdout, where a script can take it.
            Made::Token(token) => {
                eprintln!("{said}; its token, which is not shown again:");
                done(&token)
            }
            Made::Key(key) => done(&format!(
                "{said}\nsecret  {}\npublic  {}",
                key.secret.display(),
                key.public.display()
            )),
        }
    }
}

impl With {
    fn credential(&self, device: &DeviceId) -> Result<(Credential, Made), Failure> {
        let token = |text: &str| Credential::TokenSha256(Sha256::of(text.as_bytes()).0);
        if let Some(path) = &self.key {
            let key = key_file::read_public(path)?;
            return Ok((Credential::PublicKey(key.to_bytes()), Made::Nothing));
        }
        if let Some(path) = &self.token_file {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::of_file("read the token from", path, error))?;
            let text = text.trim_end_matches(['\r', '\n']);
            if text.len() < TOKEN_BYTES_MIN {
                return Err(Failure::new(format!(
                    "a token of {} characters can be guessed",
                    text.len()
                ))
                .advise("--new-token makes a good one"));
            }
            return Ok((token(text), Made::Nothing));
        }
        if let Some(dir) = &self.new_key {
            let made = NewKey::make(dir, device.as_str())?;
            return Ok((
                Credential::PublicKey(made.key.to_bytes()),
                Made::Key(Box::new(made)),
            ));
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::new(format!("the system gives no random numbers: {error}"))
        })?;
        let text = hex::encode(random);
        Ok((token(&text), Made::Token(text)))
    }
}

async fn list(json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let values = client
        .collect_retained(filter::every_device_status())
        .await?;
    client.close().await;
    let mut text = String::new();
    let mut table = Table::new(&[
        "DEVICE",
        "MODEL",
        "LIFECYCLE",
        "RUNNING",
        "LAST SEEN",
        "CAMPAIGN",
        "EXECUTION",
    ]);
    for value in &values {
        if json {
            text.push_str(&output::json_line(&value.payload)?);
        } else {
            let device = serde_json::from_slice(&value.payload);
            table.row(row(&device.map_err(output::unreadable)?));
        }
    }
    print(&if json { text } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

fn row(device: &DeviceStatus) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        device.device.to_string(),
        device.model.to_string(),
        match device.flagged {
            None => name_of(&device.lifecycle),
            Some(_) => format!("{}, flagged", name_of(&device.lifecycle)),
        },
        or_dash(device.running.as_ref().map(|slot| slot.version.to_string())),
        or_dash(device.last_seen_ms.map(output::time)),
        or_dash(
            device
                .execution
                .as_ref()
                .map(|execution| execution.campaign.to_string()),
        ),
        or_dash(device.execution.as_ref().map(execution)),
    ]
}

async fn show(device: &DeviceId, json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let topic = Topic::Device(device.clone(), DeviceTopic::Status).to_string();
    let values = client.collect_retained(topic).await?;
    client.close().await;
    let Some(value) = values.first() else {
        return Err(Failure::new(format!("there is no device {device}"))
            .advise("`fleetfold device list` shows all there are"));
    };
    if json {
        print(&output::json_line(&value.payload)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let status: DeviceStatus =
        serde_json::from_slice(&value.payload).map_err(output::unreadable)?;
    print(&describe(&status))?;
    Ok(ExitCode::SUCCESS)
}

fn describe(status: &DeviceStatus) -> String {
    let mut table = Table::new(&["device", status.device.as_str()]);
    let mut line = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    line("model", status.model.to_string());
    line("lifecycle", name_of(&status.lifecycle));
    if let Some(flagged) = &status.flagged {
        let text = format!(
            "since {}: {} executions have failed in a row, the last of {}",
            output::time(flagged.since_ms),
            flagged.failed,
            flagged.campaign
        );
        line("flagged", text);
    }
    let slot = |slot: &SlotStatus| {
        format!(
            "slot {}, version {}, image {}",
            name_of(&slot.slot),
            slot.version,
            slot.digest
        )
    };
    line(
        "running",
        status
            .running
            .as_ref()
            .map_or_else(|| "not known yet".to_owned(), slot),
    );
    if let Some(standby) = &status.standby {
        line("standby", slot(standby));
    }
    line(
        "last seen",
        status
            .last_seen_ms
            .map_or_else(|| "never".to_owned(), output::time),
    );
    if let Some(view) = &status.execution {
        line("campaign", view.campaign.to_string());
        line("execution", execution(view));
        line("attempt", view.attempt.to_string());
        line("changed", output::time(view.changed_ms));
        if let Some(error) = &view.error {
            line("error", serde_json::to_string(error).unwrap_or_default());
        }
    }
    table.to_string()
}

fn execution(view: &ExecutionView) -> String {
    let mut text = view.status.as_str().replace('_', " ");
    if let Some(stage) = &view.stage {
        text.push_str(&format!(", {}", name_of(stage)));
    }
    if let Some(percent) = view.progress_percent {
        text.push_str(&format!(" {percent} %"));
    }
    if let Some(waiting) = &view.waiting {
        text.push_str(&format!(", waits for {}", waiting.what));
        if waiting.postponed > 0 {
            text.push_str(&format!(", put off {} times", waiting.postponed));
        }
        if let Some(until_ms) = waiting.until_ms {
            text.push_str(&format!(", until {}", output::time(until_ms)));
        }
    }
    text
}

/// A variant by the name it has on the wire.
pub(super) fn name_of<T: serde::Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        Ok(_) | Err(_) => "?".to_owned(),
    }
}
