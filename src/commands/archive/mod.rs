//! Archive: its files, whether they are what was recorded, how they are recovered, how DuckDB reads them, and how a
//! device or person is erased.

/// A device or a person, erased.
pub(super) mod erase;

/// Files that the manifest does not name.
mod recover;

/// A script for DuckDB.
mod sql;

/// A patient's pseudonyms.
mod subject;

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::common::Common;
use super::database::Database;
use super::report::{Column, bar, counted, print, print_json, table};
use crate::archive::Archive;
use crate::archive::check::check;
use crate::archive::restore::RecoverMode;
use crate::model::ids::DeviceId;
use crate::model::metric::Catalogue;
use crate::model::people::PatientId;
use crate::model::time::{Clock as _, SystemClock};
use crate::store::archive::{ArchiveFile, ErasureTarget, FileScope, files, is_patient, note_verified};

/// Lists, verifies, recovers and queries the archive, and erases from it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack archive list
  healthtrack archive verify --json
  healthtrack archive sql > archive.sql && duckdb -init archive.sql")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// List the files
    #[command(after_help = "Example:
  healthtrack archive list --all")]
    List {
        /// Superseded and deleted ones too
        #[arg(long)]
        all: bool,
    },
    /// Read every file to its last row, and compare the files with the manifest
    #[command(after_help = "Example:
  healthtrack archive verify")]
    Verify,
    /// Take files that the manifest does not name back into it, as after the database was restored from a backup
    ///
    /// Each such file is read to its last row and compared with the live file of its metric and day: it becomes the
    /// live one, is joined with it, or is found to hold nothing new. One that cannot be read stays where it is. The
    /// archive says which database has changed it last; where that is not this one, nothing is changed without
    /// --take-over. A copy of a database, as for staging, must never take over: give it an archive.url of its own.
    #[command(after_help = "Examples:
  healthtrack archive recover --dry-run
  healthtrack archive recover --take-over")]
    Recover {
        /// Make this database the owner of the archive; any other one that uses it is refused from then on
        #[arg(long, conflicts_with = "dry_run")]
        take_over: bool,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// List the pseudonyms (subject_id) under which the archive holds a patient's samples, the current one last
    ///
    /// This links samples in a file to a person, so it needs both the database and the key, and is audited. Use it only
    /// for a reason that you can show: a finding that the person ought to know, or a request for what is kept of them.
    #[command(after_help = "Example:
  healthtrack archive subject --patient 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b")]
    Subject {
        /// The patient: care.patient.patient_id
        #[arg(long, value_name = "UUID")]
        patient: uuid::Uuid,
    },
    /// Print a script that creates a DuckDB view of all live files
    #[command(after_help = "Example:
  healthtrack archive sql | duckdb -c '.read /dev/stdin' -c 'SELECT count(*) FROM sample'")]
    Sql,
    /// Erase a device or a person from the database, the archive and the quarantine, for good
    ///
    /// Of a patient it erases all that was measured while the patient wore a device, the records of wear, and the key
    /// of the patient's encrypted texts: journals and notes of consultations can no longer be decrypted anywhere. The
    /// rest of the clinical record stays. First run `healthtrack device return` for what the patient still wears: later
    /// samples would belong to nobody. If it is interrupted, run it again.
    #[command(after_help = "Examples:
  healthtrack archive erase --device watch-7
  healthtrack archive erase --patient 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b --yes")]
    Erase {
        /// The device's name
        #[arg(long, value_name = "DEVICE", required_unless_present = "patient", conflicts_with = "patient")]
        device: Option<String>,
        /// The person: care.patient.patient_id
        #[arg(long, value_name = "UUID")]
        patient: Option<uuid::Uuid>,
        /// Erase; without this, only show what would be erased
        #[arg(long)]
        yes: bool,
    },
}

/// One file, as it is shown.
#[derive(Debug, Serialize)]
struct FileRow {
    metric: String,
    day: String,
    generation: u32,
    state: &'static str,
    rows: u64,
    bytes: u64,
    written_at: String,
    key_id: Option<String>,
    subject_key_id: Option<String>,
    sha256: String,
    name: String,
}

/// Runs one of the actions.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let database = args.common.database()?;
    let mut connection = database.ready().await?;
    match args.action {
        Action::List { all } => {
            let scope = if all { FileScope::All } else { FileScope::Live };
            list(&files(&mut connection, scope).await?, args.common.json)
        }
        Action::Verify => {
            let archive = archive(&database)?;
            let manifest = files(&mut connection, FileScope::Present).await?;
            let progress = bar(manifest.iter().map(|file| file.bytes).sum(), "bytes");
            let catalogue = Arc::new(Catalogue::builtin()?);
            let checked = check(&mut connection, &archive, &catalogue, &mut |bytes| progress.inc(bytes)).await?;
            progress.finish_and_clear();
            if checked.faults.is_empty() {
                note_verified(&mut connection, SystemClock.now()).await?;
            }
            if args.common.json {
                print_json(&checked)?;
            } else {
                let (files, rows, bytes) = (counted(checked.files, "file"), checked.rows, checked.bytes);
                print(&format!("{files} sound: {rows} rows, {bytes} bytes"))?;
                checked.faults.iter().try_for_each(|fault| print(&format!("{}: {}", fault.name, fault.problem)))?;
            }
            let wrong = counted(checked.faults.len() as u64, "problem");
            ensure!(checked.faults.is_empty(), "{wrong} in the archive; bring the files back from a backup");
            Ok(())
        }
        Action::Erase { device, patient, yes } => {
            let of = match (device, patient) {
                (Some(device), _) => {
                    ErasureTarget::Device(DeviceId::parse(&device).context("--device is not a valid device name")?)
                }
                (None, patient) => {
                    let patient = PatientId(patient.context("give --device or --patient")?);
                    ensure!(is_patient(&mut connection, &patient).await?, "no patient has this uuid");
                    ErasureTarget::Patient(patient)
                }
            };
            erase::run(&database, of, yes, args.common.json).await
        }
        Action::Recover { take_over, dry_run } => {
            let mode = match (dry_run, take_over) {
                (true, _) => RecoverMode::Look,
                (false, true) => RecoverMode::TakeOver,
                (false, false) => RecoverMode::Recover,
            };
            recover::run(&database, mode, args.common.json).await
        }
        Action::Subject { patient } => {
            subject::run(&database, &mut connection, PatientId(patient), args.common.json).await
        }
        Action::Sql => print(&sql::script(&archive(&database)?, &files(&mut connection, FileScope::Live).await?)),
    }
}

fn archive(database: &Database) -> anyhow::Result<Archive> {
    let archive = Archive::of(&database.config.archive)?;
    archive.context("there is no archive; set archive.url (HEALTHTRACK__ARCHIVE__URL) to file:///DIR or s3://…")
}

fn list(files: &[ArchiveFile], json: bool) -> anyhow::Result<()> {
    let rows: Vec<FileRow> = files.iter().map(shown).collect();
    if json {
        return print_json(&rows);
    }
    let columns = [
        Column::Left("metric"),
        Column::Left("day"),
        Column::Right("generation"),
        Column::Left("state"),
        Column::Right("rows"),
        Column::Right("bytes"),
        Column::Left("written"),
        Column::Left("key"),
        Column::Left("subjects' key"),
        Column::Left("name"),
    ];
    let cells = rows.into_iter().map(|row| {
        vec![
            row.metric,
            row.day,
            row.generation.to_string(),
            row.state.to_owned(),
            row.rows.to_string(),
            row.bytes.to_string(),
            row.written_at,
            row.key_id.unwrap_or_else(|| "-".to_owned()),
            row.subject_key_id.unwrap_or_else(|| "-".to_owned()),
            row.name,
        ]
    });
    print(&table(&columns, &cells.collect::<Vec<_>>()))
}

fn shown(file: &ArchiveFile) -> FileRow {
    FileRow {
        metric: file.metric.clone(),
        day: file.day.to_string(),
        generation: file.generation,
        state: match (file.superseded_at, file.removed_at) {
            (None, _) => "live",
            (Some(_), None) => "superseded",
            (Some(_), Some(_)) => "deleted",
        },
        rows: file.rows,
        bytes: file.bytes,
        written_at: file.written_at.to_string(),
        key_id: file.key_id.clone(),
        subject_key_id: file.subject_key_id.clone(),
        sha256: hex::encode(file.sha256),
        name: file.name.clone(),
    }
}
