//! `fleetfold operator`

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use fleetfold_schemas::{
    command::{AddOperator, ChangeOperator, Command, ListOperators, RevokeOperator, SetPassword},
    id::{Name, OperatorId},
    operator::{OperatorList, Role, Tenants},
    password::{NewPassword, Password, PasswordHash},
};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, Table, done, print},
};

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Let somebody log in
    Add {
        name: OperatorId,
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        scope: Scope,
        #[command(flatten)]
        password: NewPasswordArgs,
        #[command(flatten)]
        connection: Connection,
    },
    /// Give an operator another role or other tenants
    Change {
        name: OperatorId,
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        #[command(flatten)]
        scope: Scope,
        #[command(flatten)]
        connection: Connection,
    },
    /// Set a password: one's own, or as an admin somebody else's
    Password {
        name: OperatorId,
        #[command(flatten)]
        password: NewPasswordArgs,
        #[command(flatten)]
        connection: Connection,
    },
    /// End an operator's access for good
    Revoke {
        name: OperatorId,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the operators there are and were
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Args)]
pub struct Scope {
    /// Confine to this tenant; may be given several times
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<Name>,
    /// Of all tenants
    #[arg(long, conflicts_with = "tenants")]
    all_tenants: bool,
}

/// Never on the command line, which everybody on the machine can read.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct NewPasswordArgs {
    /// The file that holds the new password, in one line; `-` is stdin. Without it, it is asked for
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// The file that holds the hash of the new password: Argon2id in PHC format; `-` is stdin
    #[arg(long, value_name = "FILE")]
    new_password_hash_file: Option<PathBuf>,
}

fn role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
    found.ok_or_else(|| {
        let names = Role::ALL.map(Role::as_str).join(", ");
        format!("a role is one of {names}")
    })
}

impl Scope {
    fn tenants(self) -> Option<Tenants> {
        if self.all_tenants {
            Some(Tenants::All)
        } else if self.tenants.is_empty() {
            None
        } else {
            let mut tenants = self.tenants;
            tenants.sort_unstable();
            tenants.dedup();
            Some(Tenants::Only(tenants))
        }
    }
}

pub(super) async fn run(command: OperatorCommand) -> Result<ExitCode, Failure> {
    let (command, what, connection) = match command {
        OperatorCommand::Add {
            name,
            role,
            scope,
            password,
            connection,
        } => {
            let command = Command::AddOperator(AddOperator {
                operator: name.clone(),
                role,
                tenants: scope.tenants().unwrap_or_default(),
                password: password.read()?,
            });
            (command, format!("{name} is added"), connection)
        }
        OperatorCommand::Change {
            name,
            role,
            scope,
            connection,
        } => {
            let command = Command::ChangeOperator(ChangeOperator {
                operator: name.clone(),
                role,
                tenants: scope.tenants(),
            });
            (command, format!("{name} is changed"), connection)
        }
        OperatorCommand::Password {
            name,
            password,
            connection,
        } => {
            let command = Command::SetPassword(SetPassword {
                operator: name.clone(),
                password: password.read()?,
            });
            (command, format!("{name} has a new password"), connection)
        }
        OperatorCommand::Revoke {
            name,
            reason,
            connection,
        } => {
            let command = Command::RevokeOperator(RevokeOperator {
                operator: name.clone(),
                reason,
            });
            (command, format!("{name} is revoked"), connection)
        }
        OperatorCommand::List { json, connection } => return list(json, &connection).await,
    };
    let accepted = connection.send(command, None).await?;
    done(&format!(
        "operator {what} at position {}",
        accepted.position
    ))
}

async fn list(json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let question = Command::ListOperators(ListOperators {});
    let answer = connection.send(question, None).await?;
    let list: OperatorList =
        serde_json::from_value(answer.result.unwrap_or_default()).map_err(output::unreadable)?;
    let mut text = String::new();
    let mut table = Table::new(&["OPERATOR", "ROLE", "TENANTS", "REVOKED"]);
    for operator in &list.operators {
        if json {
            let line = serde_json::to_string(operator).map_err(output::unreadable)?;
            text.push_str(&line);
            text.push('\n');
        } else {
            table.row(vec![
                operator.operator.to_string(),
                operator.role.as_str().to_owned(),
                operator.tenants.to_string(),
                operator
                    .revoked_ms
                    .map_or_else(|| "-".to_owned(), output::time),
            ]);
        }
    }
    print(&if json { text } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

impl NewPasswordArgs {
    fn read(&self) -> Result<NewPassword, Failure> {
        if let Some(file) = &self.new_password_hash_file {
            let hash = PasswordHash::parse(&line_of(file)?).map_err(Failure::new)?;
            return Ok(NewPassword::Hash(hash));
        }
        let text = match &self.new_password_file {
            Some(file) => line_of(file)?,
            None => ask_twice()?,
        };
        let password = Password::new(text).map_err(Failure::new)?;
        Ok(NewPassword::Plain(password))
    }
}

/// The first line, however the editor ended it.
fn line_of(file: &Path) -> Result<String, Failure> {
    let mut line = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().read_line(&mut line)
    } else {
        std::fs::File::open(file).and_then(|file| io::BufReader::new(file).read_line(&mut line))
    };
    read.map_err(|error| Failure::of_file("read the password from", file, error))?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn ask_twice() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::new("there is no terminal to ask for the password on")
                .advise("name a file with --new-password-file; `-` is stdin"),
        );
    }
    let first = ask("New password: ")?;
    if first == ask("The same again: ")? {
        Ok(first)
    } else {
        Err(Failure::new("the two are not the same"))
    }
}

/// Asks on the terminal, which does not show what is typed.
fn ask(question: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(error);
    let stdin = io::stdin();
    eprint!("{question}");
    io::stderr().flush().map_err(failed)?;
    let before = tcgetattr(&stdin).map_err(|error| failed(error.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    set(&silent).map_err(failed)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    // However reading went, the terminal must be as it was.
    set(&before).map_err(failed)?;
    eprintln!();
    read.map_err(failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn set(modes: &Termios) -> io::Result<()> {
    Ok(tcsetattr(io::stdin(), OptionalActions::Flush, modes)?)
}
