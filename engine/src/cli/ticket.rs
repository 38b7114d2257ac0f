//! `fleetfold ticket`

use std::process::ExitCode;

use clap::Subcommand;
use fleetfold_schemas::{
    TicketId,
    command::{CloseTicket, Command},
    status::Ticket,
    topic::filter,
};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, Table, done, print},
};

#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    /// List the tickets that are open: devices that have failed for good
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Close a ticket
    Close {
        ticket: TicketId,
        /// What came of it, for the record
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(command: TicketCommand) -> Result<ExitCode, Failure> {
    match command {
        TicketCommand::List { json, connection } => list(json, &connection).await,
        TicketCommand::Close {
            ticket,
            reason,
            connection,
        } => {
            let command = Command::CloseTicket(CloseTicket { ticket, reason });
            let accepted = connection.send(command, None).await?;
            done(&format!(
                "ticket {ticket} is closed at position {}",
                accepted.position
            ))
        }
    }
}

async fn list(json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let values = client.collect_retained(filter::every_ticket()).await?;
    client.close().await;
    let mut text = String::new();
    let mut table = Table::new(&["TICKET", "CAMPAIGN", "DEVICE", "OPENED", "WHY"]);
    for value in &values {
        if json {
            text.push_str(&output::json_line(&value.payload)?);
        } else {
            let ticket = serde_json::from_slice(&value.payload);
            table.row(row(&ticket.map_err(output::unreadable)?));
        }
    }
    print(&if json { text } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

fn row(ticket: &Ticket) -> Vec<String> {
    vec![
        ticket.ticket.to_string(),
        ticket.campaign.to_string(),
        ticket
            .device
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string),
        output::time(ticket.opened_ms),
        ticket.text.clone(),
    ]
}
