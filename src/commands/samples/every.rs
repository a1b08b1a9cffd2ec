//! Every: hours and days in the place of samples, in a zone. They are asked of the database alone, which keeps what it
//! rolled up of archived days.

use std::io::Write;

use anyhow::Context as _;
use clap::ValueEnum;
use futures_util::TryStreamExt as _;
use serde::Serialize;
use sqlx::PgConnection;

use crate::store::rollup::{Every, Rollup, RollupQuestion, rollups};

/// How long a line tells of.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum EveryArg {
    /// An hour of the clock
    #[value(name = "1h")]
    Hour,
    /// A date
    #[value(name = "1d")]
    Day,
}

impl From<EveryArg> for Every {
    fn from(every: EveryArg) -> Every {
        match every {
            EveryArg::Hour => Every::Hour,
            EveryArg::Day => Every::Day,
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    device_id: &'a str,
    metric: &'a str,
    statistic: Option<&'a str>,
    bucket_at: String,
    count: i64,
    sum: Option<f64>,
    mean: Option<f64>,
    least: Option<f64>,
    greatest: Option<f64>,
    first: Option<f64>,
    last: Option<f64>,
    below: i64,
    above: i64,
    first_code: Option<&'a str>,
    last_code: Option<&'a str>,
    unit: &'a str,
    is_settled: bool,
}

impl<'a> From<&'a Rollup> for Line<'a> {
    fn from(of: &'a Rollup) -> Line<'a> {
        Line {
            device_id: &of.device_id,
            metric: &of.metric,
            statistic: of.statistic.as_deref(),
            bucket_at: of.bucket_at.to_string(),
            count: of.count,
            sum: of.sum,
            mean: of.mean,
            least: of.least,
            greatest: of.greatest,
            first: of.first,
            last: of.last,
            below: of.below,
            above: of.above,
            first_code: of.first_code.as_deref(),
            last_code: of.last_code.as_deref(),
            unit: &of.unit,
            is_settled: of.is_settled,
        }
    }
}

/// Writes the hours or days that are asked for, a line each.
pub(super) async fn write(
    connection: &mut PgConnection,
    question: &RollupQuestion<'_>,
    as_json: bool,
    mut writer: impl Write,
) -> anyhow::Result<()> {
    let mut found = std::pin::pin!(rollups(connection, question));
    if as_json {
        while let Some(rollup) = found.try_next().await? {
            serde_json::to_writer(&mut writer, &Line::from(&rollup)).map_err(std::io::Error::from)?;
            writer.write_all(b"\n")?;
        }
        return Ok(writer.flush()?);
    }
    let mut lines = csv::Writer::from_writer(writer);
    while let Some(rollup) = found.try_next().await? {
        lines.serialize(Line::from(&rollup)).context("the line cannot be written")?;
    }
    Ok(lines.flush()?)
}
