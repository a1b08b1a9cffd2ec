//! Reader: one snapshot in which both tiers are read, and what was said since files were written.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, Transaction};

use super::manifest::{ArchiveFile, COLUMNS, file};
use super::past::{FormerSample, SeriesPast, former, range, whose};
use crate::model::ids::{DeviceId, MetricId};
use crate::model::revision::ReplacedRange;
use crate::model::statistic::Statistic;
use crate::model::time::Day;
use crate::store::StoreError;
use crate::store::hot::Filter;
use crate::store::moment::Moment;

/// Chunks are dropped one at a time, each in a transaction of its own; nobody drops so many in a row.
const LOCK_TRIES: u32 = 100;

/// What a reader of both tiers finds in one snapshot.
#[derive(Debug)]
pub struct ToRead<'c> {
    /// In which the hot table is read.
    pub snapshot: Transaction<'c, Postgres>,
    /// The live files that may hold what is asked for, by metric and day.
    pub files: Vec<ArchiveFile>,
    /// What was said since they were written.
    pub past: ReaderPast,
}

/// Begins a reader's transaction: one snapshot for the manifest and the hot table.
///
/// The table is locked against a change of its shape before the snapshot is taken. A roll removes blocks in a
/// transaction and drops the empty chunk in a later one, and dropping heeds no snapshot: without the lock, a reader
/// that has read the manifest might find the chunk gone whose blocks it should still see.
pub async fn to_read<'c>(connection: &'c mut PgConnection, filter: &Filter) -> Result<ToRead<'c>, StoreError> {
    let step = StoreError::at("beginning to read samples");
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    let mut transaction = connection.begin_with(begin).await.map_err(&step)?;
    lock_shape(&mut transaction).await.map_err(&step)?;
    let query = format!(
        "SELECT {COLUMNS} FROM signal.archive_file JOIN signal.metric ON metric.name = archive_file.metric
         WHERE superseded_at IS NULL AND ($1::smallint IS NULL OR metric_id = $1)
           AND ($2::timestamptz IS NULL OR last_start_at >= $2) AND ($3::timestamptz IS NULL OR first_start_at < $3)
         ORDER BY metric_id, day"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(filter.metric.map(|metric| metric.0))
        .bind(filter.from.map(Moment))
        .bind(filter.to.map(Moment))
        .fetch_all(&mut *transaction)
        .await
        .map_err(&step)?;
    let files: Vec<ArchiveFile> = rows.iter().map(file).collect::<Result<_, _>>()?;
    let past = match files.is_empty() {
        true => ReaderPast::default(),
        false => ReaderPast::read(&mut transaction, filter).await?,
    };
    Ok(ToRead { snapshot: transaction, files, past })
}

/// Locks the hot table with its chunks. A chunk that is dropped while the server goes through them all is an internal
/// error to it (TimescaleDB: cache lookup failed), so it is asked again; nothing was read yet, and no snapshot taken.
async fn lock_shape(transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lock = "LOCK TABLE signal.block IN ACCESS SHARE MODE";
    let mut tries = 1;
    loop {
        let mut attempt = transaction.begin().await?;
        match sqlx::query(lock).persistent(false).execute(&mut *attempt).await {
            Ok(_) => return attempt.commit().await,
            Err(sqlx::Error::Database(error)) if tries < LOCK_TRIES && error.code().as_deref() == Some("XX000") => {
                attempt.rollback().await?;
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whose, of one metric.
type OfDevice = (DeviceId, Statistic);

/// What was said since files were written: little, since the next roll takes all of it over.
#[derive(Debug, Default)]
pub struct ReaderPast {
    /// With their numbers.
    ranges: BTreeMap<MetricId, Vec<(OfDevice, ReplacedRange, i64)>>,
    former: BTreeMap<(MetricId, Day), Vec<(OfDevice, FormerSample)>>,
}

impl ReaderPast {
    /// What touches the live files that a reader asks for.
    pub(super) async fn read(snapshot: &mut PgConnection, filter: &Filter) -> Result<ReaderPast, StoreError> {
        let step = StoreError::reading("reading what the source said before");
        let mut past = ReaderPast::default();
        let bound = |query: &'static str| {
            sqlx::query(query)
                .bind(filter.device.as_ref().map(|device| device.as_str().to_owned()))
                .bind(filter.metric.map(|metric| metric.0))
                .bind(filter.from.map(Moment))
                .bind(filter.to.map(Moment))
        };
        let ranges = bound(
            "SELECT metric_id, device_id, statistic, from_at, to_at, revision, range_id
             FROM signal.replaced_range JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
             JOIN signal.metric USING (metric_id)
             WHERE ($1::text IS NULL OR device_id = $1) AND ($2::smallint IS NULL OR metric_id = $2)
               AND ($3::timestamptz IS NULL OR to_at > $3) AND ($4::timestamptz IS NULL OR from_at < $4)
               AND EXISTS (SELECT FROM signal.archive_file AS file
                           WHERE file.metric = metric.name AND file.superseded_at IS NULL
                             AND file.revised_to < range_id AND file.day >= (from_at AT TIME ZONE 'UTC')::date
                             AND file.day <= (to_at AT TIME ZONE 'UTC')::date)",
        );
        for row in ranges.fetch_all(&mut *snapshot).await.map_err(&step)? {
            let (metric, device, statistic) = series(&row)?;
            let read = || Ok((row.try_get(3)?, row.try_get(4)?, row.try_get(5)?, row.try_get(6)?));
            let (from, to, revision, number) = read().map_err(&step)?;
            let Some(range) = range(from, to, revision) else { continue };
            past.ranges.entry(metric).or_default().push(((device, statistic), range, number));
        }
        let former_rows = bound(
            "SELECT metric_id, device_id, statistic, start_at, span_us, value, flags, revision, utc_offset_minutes,
                    received_at, true
             FROM signal.superseded_value JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
             JOIN signal.metric USING (metric_id)
             JOIN signal.archive_file AS file
               ON file.metric = metric.name AND file.day = (start_at AT TIME ZONE 'UTC')::date
              AND file.superseded_at IS NULL AND superseded_id > file.revised_to
             WHERE ($1::text IS NULL OR device_id = $1) AND ($2::smallint IS NULL OR metric_id = $2)
               AND ($3::timestamptz IS NULL OR start_at >= $3) AND ($4::timestamptz IS NULL OR start_at < $4)
             ORDER BY metric_id, start_at, superseded_id",
        );
        for row in former_rows.fetch_all(snapshot).await.map_err(&step)? {
            let (metric, device, statistic) = series(&row)?;
            let former = former(&row, 3).map_err(&step)?;
            let day = former.sample.start.day();
            past.former.entry((metric, day)).or_default().push(((device, statistic), former));
        }
        Ok(past)
    }

    /// Takes what was said since a live file was written.
    pub fn take(&mut self, metric: MetricId, file: &ArchiveFile) -> Vec<SeriesPast> {
        let mut past: BTreeMap<(DeviceId, Option<String>), SeriesPast> = BTreeMap::new();
        let (from, to) = (file.day.start(), file.day.next().start());
        let empty = |device: &DeviceId, statistic: Statistic| SeriesPast {
            device: device.clone(),
            statistic,
            ranges: Vec::new(),
            former: Vec::new(),
        };
        for ((device, statistic), range, number) in self.ranges.get(&metric).into_iter().flatten() {
            if *number > file.revised_to && range.from < to && range.to > from {
                let key = (device.clone(), statistic.text());
                past.entry(key).or_insert_with(|| empty(device, *statistic)).ranges.push(*range);
            }
        }
        for ((device, statistic), former) in self.former.remove(&(metric, file.day)).unwrap_or_default() {
            let key = (device.clone(), statistic.text());
            past.entry(key).or_insert_with(|| empty(&device, statistic)).former.push(former);
        }
        past.into_values().collect()
    }
}

/// Metric, device and statistic of a row that begins with them.
fn series(row: &PgRow) -> Result<(MetricId, DeviceId, Statistic), StoreError> {
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (metric, device, statistic): (i16, String, Option<String>) =
        read().map_err(StoreError::at("reading what the source said before"))?;
    let (device, statistic) = whose(&device, statistic.as_deref())?;
    Ok((MetricId(metric), device, statistic))
}
