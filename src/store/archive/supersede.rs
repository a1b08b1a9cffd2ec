//! Supersede: archived samples that stand no longer are kept as what was superseded, in the transaction that records
//! the file without them, and the feed of changes says so.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::model::ids::{DeviceId, MetricId, SeriesId};
use crate::model::origin::Revision;
use crate::model::sample::Sample;
use crate::model::statistic::Statistic;
use crate::store::StoreError;
use crate::store::hot::Changes;
use crate::store::moment::Moment;

/// A sample that stands no longer.
#[derive(Clone, Debug, PartialEq)]
pub struct SupersededSample {
    /// What measured.
    pub device: DeviceId,
    /// What its value says about many measurements.
    pub statistic: Statistic,
    /// It.
    pub sample: Sample,
}

/// Keeps a page of them under the number of the file that does not hold them. Of a series that was erased since nothing
/// is kept.
pub(super) async fn supersede(
    transaction: &mut PgConnection,
    metric: MetricId,
    known_to: i64,
    page: &[SupersededSample],
) -> Result<(), StoreError> {
    let series = series_of(transaction, metric, page).await?;
    let rows: Vec<(SeriesId, &Sample)> = page
        .iter()
        .filter_map(|one| Some((*series.get(&(one.device.clone(), one.statistic.text()))?, &one.sample)))
        .collect();
    let mut changes = Changes::default();
    for same in rows.chunk_by(|one, next| one.0 == next.0 && one.1.start <= next.1.start) {
        let Some((series, _)) = same.first() else { continue };
        let starts: Vec<_> = same.iter().map(|(_, sample)| sample.start).collect();
        changes.supersede_each(*series, &starts);
    }
    changes.note(transaction).await?;
    let origins = || rows.iter().map(|(_, sample)| sample.origin);
    sqlx::query(
        "INSERT INTO signal.superseded_value (superseded_at, superseded_id, series_id, start_at, span_us, value, flags,
                                              revision, utc_offset_minutes, received_at)
         SELECT now(), $1, * FROM unnest($2::integer[], $3::timestamptz[], $4::bigint[], $5::float8[], $6::smallint[],
                                         $7::bigint[], $8::smallint[], $9::timestamptz[])",
    )
    .bind(known_to)
    .bind(rows.iter().map(|(series, _)| series.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| Moment(sample.start)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| sample.span_us).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| sample.value).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| i16::from(sample.flags.0)).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.revision.map(Revision::number)).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.utc_offset_minutes).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.received_at.map(Moment)).collect::<Vec<_>>())
    .execute(transaction)
    .await
    .map(drop)
    .map_err(StoreError::at("keeping superseded samples of the archive"))
}

/// The numbers of a page's series.
async fn series_of(
    transaction: &mut PgConnection,
    metric: MetricId,
    page: &[SupersededSample],
) -> Result<BTreeMap<(DeviceId, Option<String>), SeriesId>, StoreError> {
    let series = page.iter().map(|one| (one.device.clone(), one.statistic.text()));
    let series: std::collections::BTreeSet<(DeviceId, Option<String>)> = series.collect();
    let found: Vec<(String, Option<String>, i32)> = sqlx::query_as(
        "SELECT want.device_id, want.statistic, series_id
         FROM unnest($1::text[], $2::text[]) AS want (device_id, statistic)
         JOIN signal.device ON device.device_id = want.device_id
         JOIN signal.series ON series.device_key = device.device_key AND series.metric_id = $3
                           AND series.statistic IS NOT DISTINCT FROM want.statistic",
    )
    .bind(series.iter().map(|(device, _)| device.as_str()).collect::<Vec<_>>())
    .bind(series.iter().map(|(_, statistic)| statistic.clone()).collect::<Vec<_>>())
    .bind(metric.0)
    .fetch_all(transaction)
    .await
    .map_err(StoreError::at("finding the series of superseded samples"))?;
    let named = |(device, statistic, series): (String, Option<String>, i32)| {
        Some(((DeviceId::parse(&device).ok()?, statistic), SeriesId(series)))
    };
    Ok(found.into_iter().filter_map(named).collect())
}
