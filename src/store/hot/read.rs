//! Blocks read back: those that a reader asks for, in order and as a stream.

use futures_util::{Stream, StreamExt as _};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::row::{BLOCK, block_at};
use crate::model::block::Block;
use crate::model::ids::{DeviceId, MetricId};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Which samples a reader asks for; `None` asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one device.
    pub device: Option<DeviceId>,
    /// Of one metric.
    pub metric: Option<MetricId>,
    /// That begin at this moment or later.
    pub from: Option<Timestamp>,
    /// That begin before this moment.
    pub to: Option<Timestamp>,
}

/// A block with what it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesBlock {
    /// What measured.
    pub device: DeviceId,
    /// What was measured.
    pub metric: MetricId,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// The samples.
    pub block: Block,
}

/// Fails where row-level security may hide stored blocks from this database user.
pub async fn check_all_visible(connection: &mut PgConnection) -> Result<(), StoreError> {
    let may_hide: bool = sqlx::query_scalar("SELECT row_security_active('signal.block')")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("asking whether all blocks are seen"))?;
    if may_hide { Err(StoreError::HiddenBlocks) } else { Ok(()) }
}

/// All blocks that hold a sample asked for, by metric, day, device and start, as the archive's files lie, one at a time
/// as the caller takes them. A block's first and last samples may lie outside what was asked for.
pub fn read_blocks<'a>(
    connection: &'a mut PgConnection,
    filter: &Filter,
) -> impl Stream<Item = Result<SeriesBlock, StoreError>> + 'a {
    let query = format!(
        "SELECT device.device_id, series.metric_id, series.statistic, {BLOCK}
         FROM signal.block JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
         WHERE ($1::text IS NULL OR device.device_id = $1) AND ($2::smallint IS NULL OR series.metric_id = $2)
           AND ($3::timestamptz IS NULL OR (block.start_at >= $4 AND block.stop_at >= $3))
           AND ($5::timestamptz IS NULL OR block.start_at < $5)
         ORDER BY series.metric_id, date_trunc('day', block.start_at, 'UTC'), device.device_id COLLATE \"C\",
                  block.start_at, series.series_id"
    );
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(filter.device.as_ref().map(|device| device.as_str().to_owned()))
        .bind(filter.metric.map(|metric| metric.0))
        .bind(filter.from.map(Moment))
        .bind(filter.from.map(|from| Moment(from.day().start())))
        .bind(filter.to.map(Moment))
        .fetch(connection)
        .map(|row| series_block(&row.map_err(StoreError::reading("reading samples"))?))
}

fn series_block(row: &PgRow) -> Result<SeriesBlock, StoreError> {
    let step = StoreError::at("reading samples");
    let device: String = row.try_get(0).map_err(&step)?;
    let statistic: Option<String> = row.try_get(2).map_err(&step)?;
    let statistic = statistic.map_or(Some(Statistic::NONE), |text| Statistic::parse(&text));
    Ok(SeriesBlock {
        device: DeviceId::parse(&device).map_err(|_| StoreError::BadRow { what: "a device's name must be a name" })?,
        metric: MetricId(row.try_get(1).map_err(&step)?),
        statistic: statistic.ok_or(StoreError::BadRow { what: "a statistic must be one of the closed list" })?,
        block: block_at(row, 3)?,
    })
}
