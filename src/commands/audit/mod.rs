//! Audit: shows the audit trail, ships its signed heads, and proves that it is as it was written.
//!
//! Meant for a login with `healthtrack_auditor`, which reads the audit and nothing of the network's data.

use std::path::PathBuf;

use anyhow::ensure;

use super::common::Common;
use super::report::{Column, print, print_json, table};
use crate::security::signature::SigningKey;
use crate::store::care::audit::{AuditEvent, begin, heads, list};
use crate::store::care::context::Auditor;

/// Signs heads, once or again and again.
mod ship;

/// Proves the chains, by themselves and by what was shipped.
mod verify;

/// Shows who read what, and verifies that the audit trail was not tampered with.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack audit list --unexplained --json
  healthtrack audit key new /etc/healthtrack/heads.key > heads.pub
  healthtrack audit ship --every-s 300
  healthtrack audit verify --shipped /elsewhere/heads --public-key heads.pub")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Print the last event of each chain with its hash, in one line; keep it where nobody can change it
    #[command(after_help = "Example:
  healthtrack audit head >> /elsewhere/heads")]
    Head,
    /// Make the key with which heads are signed
    #[command(subcommand)]
    Key(KeyAction),
    /// Sign the heads of all chains and keep them where `[audit]` says, out of the database's reach
    #[command(after_help = ship::EXAMPLES)]
    Ship(ship::Args),
    /// Verify that no event was altered, removed, moved, inserted or cut off
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Args),
    /// List the newest events
    #[command(after_help = "Example:
  healthtrack audit list --unexplained --limit 20")]
    List {
        /// Only access that no care relationship, visit or grant explains
        #[arg(long)]
        unexplained: bool,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        limit: i64,
    },
}

#[derive(Clone, Debug, clap::Subcommand)]
enum KeyAction {
    /// Write a new private key to FILE, and print the public key that verifies what it signs
    #[command(after_help = "Example:
  healthtrack audit key new /etc/healthtrack/heads.key > heads.pub")]
    New {
        /// A file that is not there yet; only its owner can read it
        file: PathBuf,
    },
    /// Print the public key of the private key in FILE once more
    #[command(after_help = "Example:
  healthtrack audit key show /etc/healthtrack/heads.key > heads.pub")]
    Show {
        /// A file that `audit key new` or OpenSSL has written
        file: PathBuf,
    },
}

/// Runs one of the actions.
///
/// # Errors
/// Where the database does not answer, and where the chain is broken.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { action, common } = args;
    match action {
        Action::Key(KeyAction::New { file }) => print_public(&SigningKey::create(&file)?),
        Action::Key(KeyAction::Show { file }) => print_public(&SigningKey::read(&file)?),
        Action::Ship(args) => ship::run(args, &common).await,
        Action::Verify(args) => verify::run(args, &common).await,
        Action::Head => {
            let mut connection = common.database()?.ready().await?;
            let mut auditor = Auditor::on(&mut connection);
            begin(&mut auditor).await?;
            let heads = heads(&mut auditor).await?;
            ensure!(!heads.is_empty(), "nothing was audited yet, so there is no head");
            if common.json { print_json(&heads) } else { print(&verify::heads_in_words(&heads)) }
        }
        Action::List { unexplained, limit } => {
            let mut connection = common.database()?.ready().await?;
            let events = list(&mut Auditor::on(&mut connection), unexplained, limit).await?;
            if common.json { print_json(&events) } else { print(&events_in_words(&events)) }
        }
    }
}

fn print_public(key: &SigningKey) -> anyhow::Result<()> {
    print(&format!("key {}\n{}", key.id(), key.public_pem()))
}

fn events_in_words(events: &[AuditEvent]) -> String {
    let columns = [
        Column::Right("event"),
        Column::Left("at"),
        Column::Left("role"),
        Column::Left("actor"),
        Column::Left("action"),
        Column::Left("outcome"),
        Column::Left("reason"),
        Column::Left("resource"),
        Column::Left("patient"),
    ];
    let none = || "-".to_owned();
    let cells = events.iter().map(|event| {
        vec![
            format!("{}/{}", event.chain, event.seq),
            event.at.to_string(),
            event.role.clone(),
            event.actor.map_or_else(none, |actor| actor.to_string()),
            event.action.to_string(),
            event.outcome.to_string(),
            event.reason.clone().unwrap_or_else(none),
            event.resource.clone(),
            event.patient_id.map_or_else(none, |patient| patient.to_string()),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
