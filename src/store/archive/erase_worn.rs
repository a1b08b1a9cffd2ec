//! Erase worn: the transactions in which what was measured on a person leaves the database.
//!
//! # Why
//! A device that is passed on is several people's, each in their time. So the device stays, with its series and what
//! others wore; blocks that lie wholly within a wear go in one statement, and the few that lie across its beginning or
//! end are read, cut and written again, `CUT_BLOCKS_MAX` at a time. The rows of all shards are locked meanwhile, as for
//! a device, so nobody merges or compacts. Nobody is fenced: devices and series keep their numbers, and a lane that
//! remembers a later end of a series than there is merges where it might have appended, which does no harm.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::scope::{ErasureCounts, ErasureTarget};
use super::subject::not_held;
use super::wear::{PERIOD, WearPeriod};
use crate::faults::crash_point;
use crate::model::block::{Block, BlockBuilder};
use crate::model::ids::{DeviceId, SeriesId};
use crate::model::people::PatientId;
use crate::model::sample::Sample;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::hot::{BLOCK, CopyRows, END, Removal, block_at, copy, remove};
use crate::store::moment::Moment;
use crate::store::rollup;

/// Blocks that are cut at once: 4,096 samples each at most, so 40 MB.
const CUT_BLOCKS_MAX: i64 = 256;

/// For readers of the feed of changes: in each series of what was worn, all of that time, whatever tier it lay in.
const NOTE: &str = "SELECT signal.note_changes(
        array_agg(series_id), array_agg(coalesce(lower(worn_during), '-infinity')),
        array_agg(coalesce(upper(worn_during), 'infinity') - INTERVAL '1 microsecond'),
        array_agg(NULL::integer), array_agg(3::smallint))
    FROM signal.series JOIN care.wear USING (device_key) WHERE patient_id = $1 HAVING count(*) > 0";
/// Blocks all of whose samples were measured on the patient.
fn whole() -> String {
    format!(
        "FROM signal.block WHERE EXISTS (
             SELECT FROM signal.series JOIN care.wear USING (device_key)
             WHERE series.series_id = block.series_id AND patient_id = $1
               AND tstzrange(block.start_at, {END}, '[]') <@ worn_during)
         AND series_id IN (SELECT series_id FROM signal.series JOIN care.wear USING (device_key)
                           WHERE patient_id = $1)"
    )
}

/// Removes what stood once, too.
const FORGET_FORMER: &str = "SELECT signal.erase_superseded(
        ARRAY(SELECT series_id FROM signal.series WHERE series.device_key = wear.device_key),
        lower(worn_during), upper(worn_during))
    FROM care.wear WHERE patient_id = $1";

/// A block that lies across the beginning or the end of a wear.
struct Across {
    series: SeriesId,
    device: DeviceId,
    block: Block,
}

/// What the database holds that was measured on a patient, who wore this.
pub async fn found_worn(
    connection: &mut PgConnection,
    patient: &PatientId,
    worn: &[WearPeriod],
) -> Result<ErasureCounts, StoreError> {
    let step = StoreError::at("counting what is there of a patient");
    let query = format!(
        "SELECT blocks, samples, (SELECT count(*) FROM care.wear WHERE patient_id = $1)
                                 + (SELECT count(*) FROM access.data_key WHERE patient_id = $1)
         FROM (SELECT count(*) AS blocks, coalesce(sum(cardinality(values)), 0)::bigint AS samples {}) AS whole",
        whole()
    );
    let row: (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(query))
        .persistent(false)
        .bind(patient.0)
        .fetch_one(&mut *connection)
        .await
        .map_err(&step)?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let worn = WearsByDevice::of(worn);
    let (mut cut_blocks, mut cut_samples, mut after) = (0, 0, None);
    while let Some(some) = across(connection, patient, after).await? {
        after = some.last().map(|across| (across.series, across.block.start));
        let gone = some.iter().map(|across| across.block.samples().filter(|sample| worn.has(across, sample)).count());
        let gone: Vec<usize> = gone.filter(|gone| *gone > 0).collect();
        cut_blocks += gone.len() as u64;
        cut_samples += gone.iter().sum::<usize>() as u64;
    }
    Ok(ErasureCounts {
        blocks: count(row.0) + cut_blocks,
        hot_samples: count(row.1) + cut_samples,
        directory_rows: count(row.2),
        ..ErasureCounts::default()
    })
}

/// Removes what was measured on a patient, who wore this.
pub async fn erase_worn(
    connection: &mut PgConnection,
    erasure: i64,
    patient: &PatientId,
    worn: &[WearPeriod],
) -> Result<(), StoreError> {
    let step = StoreError::at("erasing what was measured on a patient from the database");
    let mut transaction = connection.begin().await.map_err(&step)?;
    not_held(&mut transaction, &ErasureTarget::Patient(*patient)).await?;
    take_worn(&mut transaction, erasure, patient, worn).await?;
    crash_point();
    transaction.commit().await.map_err(&step)
}

/// The same within a transaction: until it ends nobody writes what was measured.
pub(super) async fn take_worn(
    transaction: &mut PgConnection,
    erasure: i64,
    patient: &PatientId,
    worn: &[WearPeriod],
) -> Result<(), StoreError> {
    let step = StoreError::at("erasing what was measured on a patient from the database");
    let worn = WearsByDevice::of(worn);
    // First: whoever closes rollups may take long, and nobody writes while the shards are locked.
    rollup::hold(transaction).await?;
    let lock = "SELECT FROM signal.ingest_shard ORDER BY shard FOR NO KEY UPDATE";
    sqlx::query(lock).execute(&mut *transaction).await.map_err(&step)?;
    rollup::forget(transaction, patient).await?;
    let query = format!(
        "WITH gone AS (DELETE {} RETURNING cardinality(values) AS samples)
         UPDATE signal.erasure SET blocks = blocks + (SELECT count(*) FROM gone),
                                   hot_samples = hot_samples + (SELECT coalesce(sum(samples), 0) FROM gone)
         WHERE erasure_id = $2",
        whole()
    );
    let query = sqlx::query(AssertSqlSafe(query)).persistent(false).bind(patient.0).bind(erasure);
    query.execute(&mut *transaction).await.map_err(&step)?;
    sqlx::query(NOTE).bind(patient.0).execute(&mut *transaction).await.map_err(&step)?;
    sqlx::query(FORGET_FORMER).bind(patient.0).execute(&mut *transaction).await.map_err(&step)?;
    let mut after = None;
    while let Some(some) = across(transaction, patient, after).await? {
        after = some.last().map(|across| (across.series, across.block.start));
        cut(transaction, erasure, &worn, &some).await?;
    }
    Ok(())
}

/// Removes who wore what, and the key with which a patient's texts are encrypted; refused where it is not what was read
/// at the beginning, since what was worn then is not erased.
pub(super) async fn forget_wear(
    transaction: &mut PgConnection,
    erasure: i64,
    patient: &PatientId,
    worn: &[WearPeriod],
) -> Result<(), StoreError> {
    let step = StoreError::at("forgetting what a patient wore");
    let query = format!(
        "DELETE FROM care.wear USING signal.device
         WHERE device.device_key = wear.device_key AND patient_id = $1 RETURNING device_id, {PERIOD}"
    );
    let gone = sqlx::query_as(AssertSqlSafe(query)).bind(patient.0).fetch_all(&mut *transaction).await;
    let gone: Vec<(String, Moment, Option<Moment>)> = gone.map_err(&step)?;
    let mut removed: Vec<_> = gone.into_iter().map(|(device, from, to)| (device, from.0, to.map(|to| to.0))).collect();
    let mut erased: Vec<_> = worn.iter().map(|worn| (worn.device.as_str().to_owned(), worn.from, worn.to)).collect();
    removed.sort_unstable();
    erased.sort_unstable();
    if removed != erased {
        return Err(StoreError::WearChanged);
    }
    let key = sqlx::query("DELETE FROM access.data_key WHERE patient_id = $1").bind(patient.0);
    let keys = key.execute(&mut *transaction).await.map_err(&step)?.rows_affected();
    let rows = i64::try_from(removed.len()).unwrap_or(i64::MAX).saturating_add_unsigned(keys);
    sqlx::query("UPDATE signal.erasure SET directory_rows = directory_rows + $2 WHERE erasure_id = $1")
        .bind(erasure)
        .bind(rows)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    // What goals have kept of rolled days was measured too; and removing a wear was just noted.
    for statement in
        ["DELETE FROM care.goal_day WHERE patient_id = $1", "DELETE FROM care.wear_event WHERE patient_id = $1"]
    {
        sqlx::query(statement).bind(patient.0).execute(&mut *transaction).await.map_err(&step)?;
    }
    Ok(())
}

/// Periods of wear of one patient, by device.
struct WearsByDevice<'a>(HashMap<&'a DeviceId, Vec<&'a WearPeriod>>);

impl<'a> WearsByDevice<'a> {
    fn of(worn: &'a [WearPeriod]) -> WearsByDevice<'a> {
        let mut wears: HashMap<_, Vec<_>> = HashMap::new();
        worn.iter().for_each(|worn| wears.entry(&worn.device).or_default().push(worn));
        WearsByDevice(wears)
    }

    /// True for a sample that was measured on the patient.
    fn has(&self, of: &Across, sample: &Sample) -> bool {
        self.0.get(&of.device).is_some_and(|periods| periods.iter().any(|worn| worn.holds(sample.start)))
    }
}

/// Blocks that share a moment with a wear of the patient and lie across its beginning or end, after one of a series and
/// start; `None` at the end.
async fn across(
    connection: &mut PgConnection,
    patient: &PatientId,
    after: Option<(SeriesId, Timestamp)>,
) -> Result<Option<Vec<Across>>, StoreError> {
    let step = StoreError::at("reading blocks across the end of a wear");
    let query = format!(
        "SELECT series_id, device_id, {BLOCK}
         FROM signal.block JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
         WHERE device_key IN (SELECT device_key FROM care.wear WHERE patient_id = $1)
           AND EXISTS (SELECT FROM care.wear WHERE wear.device_key = device.device_key AND patient_id = $1
                          AND tstzrange(block.start_at, {END}, '[]') && worn_during
                          AND NOT tstzrange(block.start_at, {END}, '[]') <@ worn_during)
           AND ($2::integer IS NULL OR (series_id, block.start_at) > ($2, $3))
         ORDER BY series_id, block.start_at LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .persistent(false)
        .bind(patient.0)
        .bind(after.map(|(series, _)| series.0))
        .bind(after.map(|(_, start)| Moment(start)))
        .bind(CUT_BLOCKS_MAX)
        .fetch_all(connection)
        .await
        .map_err(&step)?;
    let read = |row: &sqlx::postgres::PgRow| {
        use sqlx::Row as _;
        let device: String = row.try_get(1).map_err(&step)?;
        Ok(Across {
            series: SeriesId(row.try_get(0).map_err(&step)?),
            device: DeviceId::parse(&device)
                .map_err(|_| StoreError::BadRow { what: "a device's name must be a name" })?,
            block: block_at(row, 2)?,
        })
    };
    let found: Vec<Across> = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// Writes blocks without the samples that were measured on the patient.
async fn cut(
    transaction: &mut PgConnection,
    erasure: i64,
    worn: &WearsByDevice<'_>,
    some: &[Across],
) -> Result<(), StoreError> {
    let (mut removals, mut rows, mut gone) = (Vec::new(), CopyRows::default(), 0_usize);
    for across in some {
        let kept: Vec<Sample> = across.block.samples().filter(|sample| !worn.has(across, sample)).collect();
        if kept.len() == across.block.len() {
            continue;
        }
        gone += across.block.len() - kept.len();
        removals.push(Removal { series: across.series, start: across.block.start });
        let mut builder = BlockBuilder::default();
        builder.add_samples(&kept);
        builder.finish().iter().for_each(|block| rows.push(across.series, block));
    }
    remove(transaction, &removals).await?;
    if !rows.is_empty() {
        copy(transaction, &rows).await?;
    }
    sqlx::query("UPDATE signal.erasure SET blocks = blocks + $2, hot_samples = hot_samples + $3 WHERE erasure_id = $1")
        .bind(erasure)
        .bind(i64::try_from(removals.len()).unwrap_or(i64::MAX))
        .bind(i64::try_from(gone).unwrap_or(i64::MAX))
        .execute(transaction)
        .await
        .map(drop)
        .map_err(StoreError::at("counting what was cut"))
}
