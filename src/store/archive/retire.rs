//! Retire: files of days that have been kept for long enough leave the archive, and a proof stays.
//!
//! One transaction ends them in the manifest and writes the proof, so no reader sees half of a day and a killed
//! retention has happened or has not. With them goes what their samples have superseded. The bytes go like those of any
//! superseded file, when the grace is over. A day on which somebody under legal hold wore anything stays whole.

use sqlx::{Connection as _, PgConnection};

use super::wear::sees_all;
use crate::faults::crash_point;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;
use crate::store::rollup;

/// What samples of retired days have superseded. A day that still has a live file is held.
const FORGET_SUPERSEDED: &str = "
    DELETE FROM signal.superseded_value AS former
    WHERE start_at < $1::date::timestamp AT TIME ZONE 'UTC' AND NOT EXISTS (
        SELECT FROM signal.archive_file
        WHERE archive_file.superseded_at IS NULL AND day = (former.start_at AT TIME ZONE 'UTC')::date)
      AND NOT signal.is_block_under_hold(series_id, start_at, start_at)";
/// Ranges that were replaced wholly within such days.
const FORGET_REPLACED: &str = "
    DELETE FROM signal.replaced_range AS former
    WHERE to_at <= $1::date::timestamp AT TIME ZONE 'UTC' AND NOT EXISTS (
        SELECT FROM signal.archive_file
        WHERE superseded_at IS NULL AND day >= (former.from_at AT TIME ZONE 'UTC')::date
          AND day <= (former.to_at AT TIME ZONE 'UTC')::date)";

/// Files that left the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Their names.
    pub names: Vec<String>,
    /// How many samples they held.
    pub samples: u64,
}

/// Ends all live files of days that lie more than `days` before the newest one in the archive.
///
/// The newest day is the measure and not the clock: one that was set wrong for an hour would retire everything.
pub async fn retire(connection: &mut PgConnection, days: u32, now: Timestamp) -> Result<Retired, StoreError> {
    let step = StoreError::at("retiring files of the archive");
    let mut transaction = connection.begin().await.map_err(&step)?;
    sees_all(&mut transaction).await?;
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "UPDATE signal.archive_file SET superseded_at = $2
         FROM (SELECT max(day) - $1 AS before FROM signal.archive_file WHERE superseded_at IS NULL) AS age
         WHERE superseded_at IS NULL AND day < before AND NOT EXISTS (
             SELECT FROM care.wear JOIN care.patient USING (patient_id)
             WHERE legal_hold AND worn_during && tstzrange(day::timestamp AT TIME ZONE 'UTC',
                                                           (day + 1)::timestamp AT TIME ZONE 'UTC'))
         RETURNING name, rows, before::text",
    )
    .bind(i32::try_from(days).unwrap_or(i32::MAX))
    .bind(Moment(now))
    .fetch_all(&mut *transaction)
    .await
    .map_err(&step)?;
    let Some((.., before)) = rows.first() else { return Ok(Retired::default()) };
    let samples: i64 = rows.iter().map(|(_, samples, _)| samples).sum();
    sqlx::query(
        "INSERT INTO signal.erasure (begun_at, ended_at, before_on, files, archived_samples, requested_by)
         VALUES ($2, $2, $1::date, $3, $4, session_user)",
    )
    .bind(before)
    .bind(Moment(now))
    .bind(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    .bind(samples)
    .execute(&mut *transaction)
    .await
    .map_err(&step)?;
    rollup::retire(&mut transaction, before).await?;
    for forget in [FORGET_SUPERSEDED, FORGET_REPLACED] {
        sqlx::query(forget).bind(before).execute(&mut *transaction).await.map_err(&step)?;
    }
    crash_point();
    transaction.commit().await.map_err(&step)?;
    let names = rows.into_iter().map(|(name, ..)| name).collect();
    Ok(Retired { names, samples: u64::try_from(samples).unwrap_or(0) })
}
