//! Subject: who wore what and when, and which files say so no more.
//!
//! # Why
//! `care.wear` is guarded by row-level security, which shows nothing, and no error, to a role that no policy names: all
//! samples would silently become nobody's. So whoever reads it asks first whether it sees all of it.

use sqlx::{AssertSqlSafe, PgConnection};

use super::erase::Erased;
use super::manifest::{ArchiveFile, COLUMNS, file};
use crate::faults::{Defect, is_injected};
use crate::model::ids::DeviceId;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// One period of wear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worn {
    /// What was worn.
    pub device: DeviceId,
    /// By whom.
    pub patient: PatientId,
    /// From this moment on.
    pub from: Timestamp,
    /// Until before this moment; `None` while it goes on.
    pub to: Option<Timestamp>,
}

impl Worn {
    /// True for a moment within.
    pub fn holds(&self, moment: Timestamp) -> bool {
        let is_at_end = self.to == Some(moment) && is_injected(Defect::WornAtItsEnd);
        self.from <= moment && (self.to.is_none_or(|to| moment < to) || is_at_end)
    }
}

/// What wear is asked for.
#[derive(Copy, Clone, Debug, Default)]
pub struct WornBy<'a> {
    /// Of this patient.
    pub patient: Option<&'a PatientId>,
    /// That goes on at this moment or later.
    pub from: Option<Timestamp>,
    /// That began before this moment.
    pub to: Option<Timestamp>,
}

/// Beginning and end of a wear, as SQL: an end that lies for ever ahead is none.
pub(super) const PERIOD: &str = "greatest(lower(worn_during), timestamptz '0001-01-01 00:00Z'),
                                 CASE WHEN upper(worn_during) < 'infinity' THEN upper(worn_during) END";

/// Periods of wear, by device and time.
pub async fn worn(connection: &mut PgConnection, by: WornBy<'_>) -> Result<Vec<Worn>, StoreError> {
    sees_all(connection).await?;
    type Row = (String, uuid::Uuid, Moment, Option<Moment>);
    let query = format!(
        "SELECT device_id, patient_id, {PERIOD} FROM care.wear JOIN signal.device USING (device_key)
         WHERE ($1::uuid IS NULL OR patient_id = $1) AND worn_during && tstzrange($2, $3)
         ORDER BY device_id COLLATE \"C\", lower(worn_during)"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(query))
        .bind(by.patient.map(|patient| patient.0))
        .bind(by.from.map(Moment))
        .bind(by.to.map(Moment))
        .fetch_all(connection)
        .await
        .map_err(StoreError::at("reading who wears what"))?;
    rows.into_iter()
        .map(|(device, patient, from, to)| {
            let device =
                DeviceId::parse(&device).map_err(|_| StoreError::BadRow { what: "a device's name must be a name" })?;
            Ok(Worn { device, patient: PatientId(patient), from: from.0, to: to.map(|to| to.0) })
        })
        .collect()
}

/// Fails where row-level security may hide wear from this database user.
pub(super) async fn sees_all(connection: &mut PgConnection) -> Result<(), StoreError> {
    let sees_all: bool =
        sqlx::query_scalar("SELECT NOT row_security_active('care.wear') OR pg_has_role('roller', 'USAGE')")
            .fetch_one(connection)
            .await
            .map_err(StoreError::at("asking whether all wear is seen"))?;
    if sees_all { Ok(()) } else { Err(StoreError::RlsFiltered { what: "care.wear", role: "roller" }) }
}

/// Refuses what the law forbids: to erase a patient under legal hold, or a device that one has worn.
pub async fn not_held(connection: &mut PgConnection, of: &Erased) -> Result<(), StoreError> {
    sees_all(connection).await?;
    let query = match of {
        Erased::Device(device) => sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM care.wear JOIN care.patient USING (patient_id)
                                        JOIN signal.device USING (device_key)
                            WHERE device_id = $1 AND legal_hold)",
        )
        .bind(device.as_str()),
        Erased::Patient(patient) => {
            let query = "SELECT EXISTS (SELECT FROM care.patient WHERE patient_id = $1 AND legal_hold)";
            sqlx::query_scalar(query).bind(patient.0)
        }
    };
    let held: bool =
        query.fetch_one(connection).await.map_err(StoreError::at("asking whether the law forbids an erasure"))?;
    if held { Err(StoreError::Held) } else { Ok(()) }
}

/// The number of the last change of wear that this transaction sees; 0 where there was none.
pub async fn last_wear_change(connection: &mut PgConnection) -> Result<i64, StoreError> {
    // Not the greatest number that is there: changes that all files have followed are forgotten.
    sqlx::query_scalar(
        "SELECT greatest((SELECT max(wear_change_id) FROM care.wear_change),
                         (SELECT max(wear_change_id) FROM signal.archive_file), 0)",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("reading changes of wear"))
}

/// Live files whose subjects may be true no more, the oldest days first: those of another key than `key`, where they
/// have subjects or somebody wore something, and those whose time a later change of wear reaches into.
pub async fn due_for_subjects(
    connection: &mut PgConnection,
    key: &str,
    files_max: u32,
) -> Result<Vec<ArchiveFile>, StoreError> {
    let step = StoreError::at("looking for files whose subjects have changed");
    let query = format!(
        "SELECT {COLUMNS} FROM signal.archive_file
         WHERE superseded_at IS NULL AND (
             subject_key_id <> $1
             OR subject_key_id IS NULL AND EXISTS (
                 SELECT FROM care.wear WHERE worn_during && tstzrange(first_start_at, last_start_at, '[]'))
             OR EXISTS (
                 SELECT FROM care.wear_change AS later WHERE later.wear_change_id > archive_file.wear_change_id
                    AND later.worn_during && tstzrange(first_start_at, last_start_at, '[]')))
         ORDER BY day, metric LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).bind(key).bind(i64::from(files_max));
    rows.fetch_all(connection).await.map_err(step)?.iter().map(file).collect()
}

/// Notes that the subjects of a live file are still true at this change of wear.
pub async fn settle_subjects(connection: &mut PgConnection, name: &str, change: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE signal.archive_file SET wear_change_id = greatest(wear_change_id, $2) WHERE name = $1")
        .bind(name)
        .bind(change)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(StoreError::at("noting that subjects are true"))
}

/// Forgets changes of wear that no live file waits for any more.
pub async fn forget_wear_changes(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM care.wear_change AS done WHERE NOT EXISTS (
             SELECT FROM signal.archive_file WHERE superseded_at IS NULL AND wear_change_id < done.wear_change_id
                AND done.worn_during && tstzrange(first_start_at, last_start_at, '[]'))",
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("forgetting changes of wear"))
}

/// True where anybody ever wore a device.
pub async fn is_anything_worn(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM care.wear)")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("reading who wears what"))
}

/// True for the uuid of a patient.
pub async fn is_patient(connection: &mut PgConnection, patient: &PatientId) -> Result<bool, StoreError> {
    sees_all(connection).await?;
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM care.patient WHERE patient_id = $1)")
        .bind(patient.0)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("looking for a patient"))
}
