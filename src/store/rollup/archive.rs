//! What is rolled up of the archive: taken over with the blocks that a roll moves, or read from files.
//!
//! # Why
//! A roll sees its blocks in one snapshot, so what it keeps is measured there (`measure`) and written in the
//! transaction that records the file (`keep`). The measured rows wait in a temporary table, as the noted blocks do.
//! Files whose rows nobody has written yet are in `signal.rollup_due`, whoever recorded them.

use sqlx::{Connection as _, PgConnection};

use crate::model::ids::{DeviceId, MetricId};
use crate::model::people::PatientId;
use crate::model::rollup::{DayRollup, QuarterRollup, QuarterValues};
use crate::model::statistic::Statistic;
use crate::model::time::Day;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// A file whose samples are not rolled up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueFile {
    /// Its name in the archive.
    pub name: String,
    /// What was measured.
    pub metric: String,
}

/// What a file holds of a series on a day.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRollup {
    /// What measured.
    pub device: DeviceId,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// On which UTC day.
    pub day: Day,
    /// What was measured.
    pub rollup: DayRollup,
}

/// Measures what the noted blocks of a day give, in the snapshot that has noted them.
pub async fn measure(snapshot: &mut PgConnection, day: Day) -> Result<(), StoreError> {
    let step = StoreError::reading("measuring what is rolled");
    for statement in [
        "CREATE TEMPORARY TABLE IF NOT EXISTS rolling_rollup (LIKE signal.rollup_day)",
        "TRUNCATE pg_temp.rolling_rollup",
    ] {
        sqlx::query(statement).persistent(false).execute(&mut *snapshot).await.map_err(&step)?;
    }
    sqlx::query(
        "INSERT INTO pg_temp.rolling_rollup
         SELECT * FROM signal.measure_rolled(ARRAY(SELECT DISTINCT series_id FROM pg_temp.rolling_block), $1::date)",
    )
    .persistent(false)
    .bind(day.to_string())
    .execute(snapshot)
    .await
    .map(drop)
    .map_err(step)
}

/// Keeps rollups as they are until the transaction ends.
pub async fn hold(transaction: &mut PgConnection) -> Result<(), StoreError> {
    let held = sqlx::query("SELECT signal.hold_rollups()").execute(transaction).await;
    held.map(drop).map_err(StoreError::at("holding rollups"))
}

/// Keeps what was measured, in the transaction that removes the blocks: where a first file takes them, as what it
/// holds; where another file takes its place or holds them all, that is read later.
pub async fn keep(transaction: &mut PgConnection, day: Day, first_file: Option<&str>) -> Result<(), StoreError> {
    let step = StoreError::at("keeping what was rolled up");
    let day = day.to_string();
    for statement in [
        "DELETE FROM signal.rollup_day AS hot USING (SELECT DISTINCT series_id FROM pg_temp.rolling_block) AS rolled
         WHERE hot.series_id = rolled.series_id AND hot.day = $1::date AND NOT hot.is_archived",
        "DELETE FROM signal.rollup_stale AS stale USING (SELECT DISTINCT series_id FROM pg_temp.rolling_block) AS rolled
         WHERE stale.series_id = rolled.series_id AND stale.day = $1::date",
        // What came while the file was written lies in blocks that stay.
        "INSERT INTO signal.rollup_stale (series_id, day)
         SELECT rolled.series_id, $1::date FROM (SELECT DISTINCT series_id FROM pg_temp.rolling_block) AS rolled
         WHERE EXISTS (SELECT FROM signal.block AS late
                       WHERE late.series_id = rolled.series_id
                         AND late.start_at >= $1::date::timestamp AT TIME ZONE 'UTC'
                         AND late.start_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC')
         ON CONFLICT (series_id, day) DO UPDATE SET failed_at = NULL",
    ] {
        sqlx::query(statement).persistent(false).bind(&day).execute(&mut *transaction).await.map_err(&step)?;
    }
    let Some(file) = first_file else { return Ok(()) };
    for statement in [
        "DELETE FROM signal.rollup_day AS former USING pg_temp.rolling_rollup AS rolled
         WHERE former.series_id = rolled.series_id AND former.day = rolled.day AND former.is_archived",
        "INSERT INTO signal.rollup_day SELECT * FROM pg_temp.rolling_rollup",
        "SELECT signal.split_rollups(array_agg(series_id), array_agg(day)) FROM pg_temp.rolling_rollup
         WHERE split IS NULL",
    ] {
        sqlx::query(statement).persistent(false).execute(&mut *transaction).await.map_err(&step)?;
    }
    let query = "DELETE FROM signal.rollup_due WHERE name = $1";
    sqlx::query(query).bind(file).execute(transaction).await.map(drop).map_err(step)
}

/// Removes what was rolled up of a metric's archived day, of which nothing stands any more.
pub async fn forget_day(transaction: &mut PgConnection, metric: MetricId, day: Day) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM signal.rollup_day AS kept USING signal.series
         WHERE series.series_id = kept.series_id AND series.metric_id = $1 AND kept.day = $2::date
           AND kept.is_archived",
    )
    .bind(metric.0)
    .bind(day.to_string())
    .execute(transaction)
    .await
    .map(drop)
    .map_err(StoreError::at("removing what was rolled up of a day"))
}

/// Removes what was rolled up of the days on which a patient wore anything. What others measured on them is made again,
/// of blocks as changes are, of files once the caller has them read.
pub async fn forget(transaction: &mut PgConnection, patient: &PatientId) -> Result<(), StoreError> {
    hold(&mut *transaction).await?;
    let gone = sqlx::query("SELECT signal.forget_rollups($1)").bind(patient.0).execute(transaction).await;
    gone.map(drop).map_err(StoreError::at("erasing what was rolled up of a patient"))
}

/// Removes what was rolled up of days before one, whose files have left the archive.
pub async fn retire(transaction: &mut PgConnection, before: &str) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM signal.rollup_day AS kept USING signal.series, signal.metric
         WHERE kept.is_archived AND kept.day < $1::date AND series.series_id = kept.series_id
           AND metric.metric_id = series.metric_id
           AND NOT EXISTS (SELECT FROM signal.archive_file AS file
                           WHERE file.superseded_at IS NULL AND file.metric = metric.name
                             AND file.first_start_at < (kept.day + 1)::timestamp AT TIME ZONE 'UTC'
                             AND file.last_start_at >= kept.day::timestamp AT TIME ZONE 'UTC')",
    )
    .bind(before)
    .execute(transaction)
    .await
    .map(drop)
    .map_err(StoreError::at("retiring what was rolled up"))
}

/// The files that are to be read, the oldest days first.
pub async fn due_files(connection: &mut PgConnection) -> Result<Vec<DueFile>, StoreError> {
    let found: Vec<(String, String)> =
        sqlx::query_as("SELECT name, metric FROM signal.rollup_due ORDER BY first_on, metric")
            .fetch_all(connection)
            .await
            .map_err(StoreError::at("listing files to be rolled up"))?;
    Ok(found.into_iter().map(|(name, metric)| DueFile { name, metric }).collect())
}

/// Puts what a file holds in the place of what is kept of its days; all at once, when `finish` is called.
#[derive(Debug)]
pub struct FileRollups<'c> {
    transaction: sqlx::Transaction<'c, sqlx::Postgres>,
    file: DueFile,
}

impl<'c> FileRollups<'c> {
    /// Removes what is kept of the file's days; `None` where the file is due no longer.
    pub async fn begin(connection: &'c mut PgConnection, file: DueFile) -> Result<Option<FileRollups<'c>>, StoreError> {
        let step = StoreError::at("rolling up a file");
        let mut transaction = connection.begin().await.map_err(&step)?;
        hold(&mut transaction).await?;
        let gone = sqlx::query("DELETE FROM signal.rollup_due WHERE name = $1").bind(&file.name);
        if gone.execute(&mut *transaction).await.map_err(&step)?.rows_affected() == 0 {
            return Ok(None);
        }
        sqlx::query(
            "DELETE FROM signal.rollup_day AS kept
             USING signal.archive_file AS file, signal.metric, signal.series
             WHERE file.name = $1 AND metric.name = file.metric AND series.metric_id = metric.metric_id
               AND kept.series_id = series.series_id AND kept.is_archived
               AND kept.day BETWEEN (file.first_start_at AT TIME ZONE 'UTC')::date
                                AND (file.last_start_at AT TIME ZONE 'UTC')::date",
        )
        .bind(&file.name)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
        Ok(Some(FileRollups { transaction, file }))
    }

    /// Writes a row; nothing where the series was erased since the file was written.
    pub async fn insert(&mut self, row: &FileRollup) -> Result<(), StoreError> {
        let FileRollup { device, statistic, day, rollup } = row;
        let total = rollup.total();
        let pieces: Vec<QuarterRollup> = rollup.pieces.values().copied().collect();
        let (first, last) = (rollup.pieces.keys().next().copied(), rollup.pieces.keys().last().copied());
        let (Some(first), Some(last), Some(newest)) = (first, last, rollup.newest) else { return Ok(()) };
        let is_many = pieces.len() > 1;
        let is_broken = usize::try_from(last - first).is_ok_and(|steps| steps >= pieces.len());
        let counts = |of: fn(&QuarterRollup) -> i32| pieces.iter().map(of).collect::<Vec<_>>();
        let bounds = |total: i32, of: fn(&QuarterRollup) -> i32| (is_many && total > 0).then(|| counts(of));
        let values = |of: fn(QuarterValues) -> f64| {
            is_many.then(|| pieces.iter().map(|piece| piece.values.map(of)).collect::<Vec<Option<f64>>>())
        };
        sqlx::query(
            "INSERT INTO signal.rollup_day (last_at, last_span_us, last_value, sum, least, greatest, first, last,
                 series_id, day, count, below, above, last_flags, first_quarter, is_archived, quarters, counts, belows,
                 aboves, sums, leasts, greatests, firsts, lasts)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, series_id, $9::date, $10, $11, $12, $13, $14, true, $15, $16, $17,
                    $18, $19, $20, $21, $22, $23
             FROM signal.series JOIN signal.device USING (device_key) JOIN signal.metric USING (metric_id)
             WHERE device_id = $24 AND metric.name = $25 AND statistic IS NOT DISTINCT FROM $26",
        )
        .bind(Moment(newest.start))
        .bind(newest.end.map(|end| end.micros_since(newest.start)))
        .bind(newest.value)
        .bind(total.values.map(|values| values.sum))
        .bind(total.values.map(|values| values.least))
        .bind(total.values.map(|values| values.greatest))
        .bind(total.values.map(|values| values.first))
        .bind(total.values.map(|values| values.last))
        .bind(day.to_string())
        .bind(total.count)
        .bind(total.below)
        .bind(total.above)
        .bind(i16::from(newest.flags.0))
        .bind(first)
        .bind((is_many && is_broken).then(|| rollup.pieces.keys().copied().collect::<Vec<i16>>()))
        .bind(is_many.then(|| counts(|piece| piece.count)))
        .bind(bounds(total.below, |piece| piece.below))
        .bind(bounds(total.above, |piece| piece.above))
        .bind(values(|values| values.sum))
        .bind(values(|values| values.least))
        .bind(values(|values| values.greatest))
        .bind(values(|values| values.first))
        .bind(values(|values| values.last))
        .bind(device.as_str())
        .bind(&self.file.metric)
        .bind(statistic.text())
        .execute(&mut *self.transaction)
        .await
        .map(drop)
        .map_err(StoreError::at("rolling up a file"))
    }

    /// All of the file is told.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        let step = StoreError::at("rolling up a file");
        sqlx::query(
            "SELECT signal.split_rollups(array_agg(kept.series_id), array_agg(kept.day))
             FROM signal.rollup_day AS kept JOIN signal.series USING (series_id) JOIN signal.metric USING (metric_id)
             JOIN signal.archive_file AS file ON file.metric = metric.name
             WHERE file.name = $1 AND kept.is_archived
               AND kept.day BETWEEN (file.first_start_at AT TIME ZONE 'UTC')::date
                                AND (file.last_start_at AT TIME ZONE 'UTC')::date",
        )
        .bind(&self.file.name)
        .execute(&mut *self.transaction)
        .await
        .map_err(&step)?;
        self.transaction.commit().await.map_err(step)
    }
}
