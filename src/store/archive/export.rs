//! What is due, and a snapshot of one metric and day: its blocks, in the order of the file, as a stream.
//!
//! # Why
//! Devices are read a page at a time, since the order of names is not the order of keys and sorting a whole day would
//! make the server write all of it once more. Each statement names the chunk's own table, as compaction does.

use futures_util::{Stream, StreamExt as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, Transaction};

use super::manifest::{ArchiveFile, live_file};
use super::past::{REPLACED_SERIES, SeriesOf, SeriesPast, draw_number, has_past, is_known, past_of, series_of};
use super::subject::last_wear_change;
use super::wear::{WearFilter, WearPeriod, worn};
use crate::model::block::Block;
use crate::model::ids::MetricId;
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::hot::{BLOCK, Chunk, block_at};
use crate::store::moment::Moment;
use crate::store::rollup;

/// The blocks of one metric and day, which are to become a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The chunk that holds them; `None` where there need not be any, since the day is due for what was replaced of it.
    pub chunk: Option<Chunk>,
    /// What they measure.
    pub metric: MetricId,
    /// On which day they begin.
    pub day: Day,
    /// How many they were when they were counted.
    pub blocks: u64,
}

impl Due {
    /// The table that holds them, quoted for SQL.
    pub fn table(&self) -> &str {
        self.chunk.as_ref().map_or("signal.block", Chunk::table)
    }
}

/// What a chunk holds of days that end by `before`: each metric and day with its blocks.
pub async fn due_days(connection: &mut PgConnection, chunk: &Chunk, before: Timestamp) -> Result<Vec<Due>, StoreError> {
    let step = StoreError::reading("looking for days to roll");
    let query = format!(
        "SELECT metric_id, day, blocks
         FROM (SELECT metric_id, date_trunc('day', start_at, 'UTC') AS day, sum(blocks)::bigint AS blocks
               FROM (SELECT series_id, date_trunc('day', start_at, 'UTC') AS start_at, count(*) AS blocks
                     FROM {} GROUP BY 1, 2) AS block JOIN signal.series USING (series_id)
               GROUP BY 1, 2) AS due
         WHERE day + INTERVAL '1 day' <= $1 ORDER BY day, metric_id",
        chunk.table()
    );
    let found = sqlx::query_as(AssertSqlSafe(query)).persistent(false).bind(Moment(before));
    let found: Vec<(i16, Moment, i64)> = found.fetch_all(connection).await.map_err(step)?;
    let due = |(metric, day, blocks): (i16, Moment, i64)| Due {
        chunk: Some(chunk.clone()),
        metric: MetricId(metric),
        day: day.0.day(),
        blocks: u64::try_from(blocks).unwrap_or(0),
    };
    Ok(found.into_iter().map(due).collect())
}

/// Archived days, ended by `before`, of which a range has replaced something that their live file does not know.
pub async fn revised_days(connection: &mut PgConnection, before: Timestamp) -> Result<Vec<Due>, StoreError> {
    let found: Vec<(i16, Moment)> = sqlx::query_as(
        "WITH touched AS (
             SELECT metric_id, (day AT TIME ZONE 'UTC')::date AS day, max(range_id) AS range_id
             FROM signal.replaced_range AS range JOIN signal.series USING (series_id)
             CROSS JOIN LATERAL generate_series(date_trunc('day', range.from_at, 'UTC'),
                                                range.to_at - INTERVAL '1 microsecond', INTERVAL '24 hours') AS day
             GROUP BY 1, 2)
         SELECT metric_id, touched.day::timestamp AT TIME ZONE 'UTC'
         FROM touched JOIN signal.metric USING (metric_id)
         JOIN signal.archive_file AS file ON file.metric = metric.name AND file.day = touched.day
         WHERE file.superseded_at IS NULL AND touched.range_id > file.revised_to
           AND (touched.day + 1)::timestamp AT TIME ZONE 'UTC' <= $1
         ORDER BY 2, 1",
    )
    .bind(Moment(before))
    .fetch_all(connection)
    .await
    .map_err(StoreError::reading("looking for archived days that were replaced"))?;
    let due = |(metric, day): (i16, Moment)| Due { chunk: None, metric: MetricId(metric), day: day.0.day(), blocks: 0 };
    Ok(found.into_iter().map(due).collect())
}

/// One state of the database, in which a metric and day is read.
#[derive(Debug)]
pub struct Snapshot<'c> {
    transaction: Transaction<'c, Postgres>,
    due: &'c Due,
    revised_to: i64,
}

/// A snapshot of a metric and day.
#[derive(Debug)]
pub struct Taken<'c> {
    /// It.
    pub snapshot: Snapshot<'c>,
    /// How many blocks it has noted.
    pub blocks: u64,
    /// Up to which number it knows what was superseded and replaced.
    pub revised_to: i64,
}

impl<'c> Snapshot<'c> {
    /// Takes it on the only roller's connection, and notes which version of which block it sees. `None` where something
    /// was superseded or replaced just as it was taken.
    pub async fn take(connection: &'c mut PgConnection, due: &'c Due) -> Result<Option<Taken<'c>>, StoreError> {
        let step = StoreError::reading("taking a snapshot to roll");
        let revised_to = draw_number(connection, due.day).await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
        let mut transaction = connection.begin_with(begin).await.map_err(&step)?;
        let clear = "TRUNCATE pg_temp.rolling_block";
        sqlx::query(clear).persistent(false).execute(&mut *transaction).await.map_err(&step)?;
        let query = format!(
            "INSERT INTO pg_temp.rolling_block (start_at, series_id, written_by)
             SELECT block.start_at, block.series_id, block.xmin FROM {} AS block JOIN signal.series USING (series_id)
             WHERE series.metric_id = $1 AND block.start_at >= $2 AND block.start_at < $3",
            due.table()
        );
        let noted = sqlx::query(AssertSqlSafe(query)).persistent(false).bind(due.metric.0);
        let noted = noted.bind(Moment(due.day.start())).bind(Moment(due.day.next().start()));
        let noted = noted.execute(&mut *transaction).await.map_err(&step)?.rows_affected();
        let analyse = "ANALYZE pg_temp.rolling_block";
        sqlx::query(analyse).persistent(false).execute(&mut *transaction).await.map_err(&step)?;
        if !is_known(&mut transaction, revised_to, (due.metric, due.day)).await? {
            return Ok(None);
        }
        rollup::measure(&mut transaction, due.day).await?;
        Ok(Some(Taken { snapshot: Snapshot { transaction, due, revised_to }, blocks: noted, revised_to }))
    }

    /// The file that holds this metric and day so far.
    pub async fn live_file(&mut self, metric: &str) -> Result<Option<ArchiveFile>, StoreError> {
        live_file(&mut self.transaction, metric, self.due.day).await
    }

    /// The number of this metric and day's newest generation, live or not: an erasure may have left no live one.
    pub async fn last_generation(&mut self, metric: &str) -> Result<u32, StoreError> {
        let last: i32 = sqlx::query_scalar(
            "SELECT coalesce(max(generation), 0) FROM signal.archive_file WHERE metric = $1 AND day = $2::date",
        )
        .bind(metric)
        .bind(self.due.day.to_string())
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::at("reading the manifest"))?;
        Ok(u32::try_from(last).unwrap_or(0))
    }

    /// Who wore what on this day, and up to which change of wear that is true.
    pub async fn worn(&mut self) -> Result<(Vec<WearPeriod>, i64), StoreError> {
        let (from, to) = (Some(self.due.day.start()), Some(self.due.day.next().start()));
        let change = last_wear_change(&mut self.transaction).await?;
        Ok((worn(&mut self.transaction, WearFilter { patient: None, from, to }).await?, change))
    }

    /// True where some of the blocks may be of somebody under legal hold: those leave for a file of the same
    /// transaction, and for no other.
    pub async fn is_any_held(&mut self) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM (SELECT DISTINCT series_id FROM pg_temp.rolling_block) AS block
                            WHERE signal.is_block_under_hold(series_id, $1, $2))",
        )
        .persistent(false)
        .bind(Moment(self.due.day.start()))
        .bind(Moment(self.due.day.next().start()))
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::at("asking whether the law holds what is rolled"))
    }

    /// The series that have blocks here, or of which a range has replaced something since the live file was written; by
    /// the name of their device, bytewise.
    pub async fn series(&mut self, live: Option<&ArchiveFile>) -> Result<Vec<SeriesOf>, StoreError> {
        let step = StoreError::at("listing series to roll");
        let query = format!(
            "SELECT series_id, device_id, statistic, shard
             FROM (SELECT series_id FROM pg_temp.rolling_block UNION {REPLACED_SERIES}) AS block
             JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
             ORDER BY device_id COLLATE \"C\", statistic COLLATE \"C\" NULLS FIRST"
        );
        let rows: Vec<(i32, String, Option<String>, Option<String>)> = sqlx::query_as(AssertSqlSafe(query))
            .persistent(false)
            .bind(self.due.metric.0)
            .bind(live.map_or(self.revised_to, |live| live.revised_to))
            .bind(Moment(self.due.day.start()))
            .bind(Moment(self.due.day.next().start()))
            .fetch_all(&mut *self.transaction)
            .await
            .map_err(step)?;
        rows.into_iter().map(series_of).collect()
    }

    /// True where any of these series has said anything beside what stands, to be weighed against a live file.
    pub async fn has_past(&mut self, series: &[SeriesOf], live: Option<&ArchiveFile>) -> Result<bool, StoreError> {
        match live {
            Some(live) => has_past(&mut self.transaction, series, self.due.day, live.revised_to).await,
            None => Ok(false),
        }
    }

    /// What some of these series have said beside what stands; nothing where there is no live file to weigh it against.
    pub async fn past(
        &mut self,
        series: &[SeriesOf],
        live: Option<&ArchiveFile>,
    ) -> Result<Vec<SeriesPast>, StoreError> {
        match live {
            Some(live) => {
                past_of(&mut self.transaction, series, self.due.day, (live.revised_to, self.revised_to)).await
            }
            None => Ok(Vec::new()),
        }
    }

    /// The blocks of some of these series, by their device and start: each with its series' place among `series`.
    pub fn blocks(&mut self, series: &[SeriesOf]) -> impl Stream<Item = Result<(usize, Block), StoreError>> + '_ {
        let query = format!(
            "SELECT want.place, {BLOCK}
             FROM unnest($1::integer[], $2::integer[], $3::integer[]) AS want (series_id, place, device)
             JOIN {} AS block USING (series_id)
             WHERE block.start_at >= $4 AND block.start_at < $5 ORDER BY want.device, block.start_at, want.place",
            self.due.table()
        );
        let place = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
        let devices = series.chunk_by(|one, next| one.device == next.device).enumerate();
        let devices: Vec<i32> = devices.flat_map(|(at, some)| vec![place(at); some.len()]).collect();
        sqlx::query(AssertSqlSafe(query))
            .persistent(false)
            .bind(series.iter().map(|one| one.series.0).collect::<Vec<_>>())
            .bind((0..series.len()).map(place).collect::<Vec<_>>())
            .bind(devices)
            .bind(Moment(self.due.day.start()))
            .bind(Moment(self.due.day.next().start()))
            .fetch(&mut *self.transaction)
            .map(|row| {
                let step = StoreError::reading("reading blocks to roll");
                let row = row.map_err(&step)?;
                let place: i32 = row.try_get(0).map_err(&step)?;
                Ok((usize::try_from(place).unwrap_or(usize::MAX), block_at(&row, 1)?))
            })
    }

    /// Lets it go; what it noted stays with the connection.
    pub async fn end(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::at("ending a snapshot"))
    }
}
