//! Patient: erases people for good, and shows what proves it. Without `--yes` it only shows what would be erased.
//!
//! What was measured goes first, from the database, the archive and the quarantine, as by `archive erase`; then the
//! rest, by class of rows, in one transaction. Killed anywhere, the same command finishes it.

/// What would go, and the going.
mod erase;

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::common::Common;
use super::report::{Column, print, print_json, table};
use crate::model::people::{ErasureGround, PatientId};
use crate::store::care::context::Operator;
use crate::store::care::erasure::{ErasureProof, granted, proofs};

/// Erases people, and shows what proves it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack patient requests
  healthtrack patient erase 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b
  healthtrack patient erase 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b --yes
  healthtrack patient proofs --json > proofs.json")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// List the requests that the privacy officer granted and nobody has carried out
    #[command(after_help = "Example:
  healthtrack patient requests --json")]
    Requests,
    /// Erase a person by class of rows (access.row_class), with all records that were joined as theirs
    ///
    /// What was measured goes first, as by `healthtrack archive erase`; then names, notes, journals, messages and all
    /// else that its class deletes, and from what the law keeps, whatever tells who it was. Refused under legal hold.
    /// A proof of it stays, without a fact of the person. Nothing undoes it.
    #[command(after_help = "Examples:
  healthtrack patient erase 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b
  healthtrack patient erase 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b --yes
  healthtrack patient erase 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b --ground court_order --yes
  healthtrack patient erase --replay proofs.json --yes")]
    Erase {
        /// The person: care.patient.patient_id
        #[arg(value_name = "UUID", required_unless_present = "replay", conflicts_with = "replay")]
        patient: Option<PatientId>,
        /// Why: request (which was granted), court_order or mistake (registered by mistake)
        #[arg(long, value_name = "GROUND", default_value = "request", conflicts_with = "replay")]
        ground: ErasureGround,
        /// After a backup was restored: erase again everybody in this file, which `patient proofs --json` wrote
        #[arg(long, value_name = "FILE")]
        replay: Option<PathBuf>,
        /// Erase; without this, only show what would be erased
        #[arg(long)]
        yes: bool,
    },
    /// List the proofs of erasures, and whether each is what its digest says
    ///
    /// Keep the list with the backups: who was erased comes back from one that is older.
    #[command(after_help = "Example:
  healthtrack patient proofs --json > proofs.json")]
    Proofs,
}

/// A granted request.
#[derive(Debug, Serialize)]
struct Granted {
    request: String,
    patient: PatientId,
}

/// Runs one of the actions.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let database = args.common.database()?;
    let mut connection = database.ready().await?;
    match args.action {
        Action::Requests => {
            let rows = granted(&mut Operator::on(&mut connection)).await?;
            let rows: Vec<Granted> =
                rows.into_iter().map(|(request, patient)| Granted { request: request.to_string(), patient }).collect();
            if args.common.json {
                return print_json(&rows);
            }
            let cells: Vec<_> = rows.iter().map(|row| vec![row.request.clone(), row.patient.to_string()]).collect();
            print(&table(&[Column::Left("request"), Column::Left("patient")], &cells))
        }
        Action::Erase { patient, ground, replay, yes } => {
            let (asked, ground) = match (patient, replay) {
                (_, Some(file)) => (erase::read_proofs(&file)?, ErasureGround::Replay),
                (patient, None) => (vec![patient.context("give the patient's uuid")?], ground),
            };
            erase::run(&database, &mut connection, &asked, ground, yes, args.common.json).await
        }
        Action::Proofs => {
            let proofs = proofs(&mut Operator::on(&mut connection)).await?;
            if args.common.json { print_json(&proofs) } else { print(&listed(&proofs)) }
        }
    }
}

fn listed(proofs: &[ErasureProof]) -> String {
    let columns = [
        Column::Left("erased"),
        Column::Left("patient"),
        Column::Left("ground"),
        Column::Right("deleted"),
        Column::Right("anonymised"),
        Column::Right("kept"),
        Column::Left("proof"),
    ];
    let cells = proofs.iter().map(|proof| {
        let sum = |of: fn(&_) -> u64| proof.counts.values().map(of).sum::<u64>().to_string();
        vec![
            proof.erased_at.clone(),
            proof.patient.to_string(),
            proof.ground.to_string(),
            sum(|counts: &crate::store::care::erasure::ClassCounts| counts.deleted),
            sum(|counts| counts.anonymised),
            sum(|counts| counts.kept),
            if proof.holds { "sound" } else { "CHANGED" }.to_owned(),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}
