//! Subject: a patient's pseudonyms, so that samples in a file can be led back to a person, or found for one.
//! Each time is an event of the audit.

use anyhow::{Context as _, ensure};
use serde::Serialize;
use sqlx::PgConnection;

use crate::archive::pseudonyms_of;
use crate::commands::database::Database;
use crate::commands::report::{Column, print, print_json, table};
use crate::model::people::{AuditAction, PatientId};
use crate::store::archive::is_patient;
use crate::store::care::audit::append;
use crate::store::care::context::Operator;

/// One pseudonym.
#[derive(Debug, Serialize)]
struct Named {
    key_id: String,
    subject_id: String,
}

/// Shows them, the current one last.
pub(super) async fn run(
    database: &Database,
    connection: &mut PgConnection,
    patient: PatientId,
    json: bool,
) -> anyhow::Result<()> {
    let pseudonyms = pseudonyms_of(&database.config.archive)?;
    let pseudonyms = pseudonyms.context("pseudonyms need a key; set archive.subject_key_file")?;
    ensure!(is_patient(connection, &patient).await?, "no patient has this uuid; care.patient lists them");
    append(&mut Operator::on(connection), AuditAction::Read, patient, "signal.archive_file").await?;
    let names = pseudonyms.names(&patient).into_iter();
    let rows: Vec<Named> =
        names.map(|(key, name)| Named { key_id: key.to_string(), subject_id: name.as_str().to_owned() }).collect();
    if json {
        return print_json(&rows);
    }
    let cells = rows.into_iter().map(|row| vec![row.key_id, row.subject_id]).collect::<Vec<_>>();
    print(&table(&[Column::Left("key"), Column::Left("subject_id")], &cells))
}
