//! Samples: read back one by one, or summed up, from the hot table and the archive, in bounded memory: chunks come
//! in order, each is written before the next is read, and a reader that is slow slows the database.
//!
//! Samples come from `archive::read` and go to a `SampleSink`.

/// What samples are written to.
mod sink;

/// A file that is whole, or not there.
mod output;

/// What a patient wore, and when.
mod person;

/// As Parquet.
mod parquet;

/// Counted and summed, series by series.
mod summary;

/// Hours and days in their place.
mod every;

/// As CSV and as a JSON object a line.
mod text;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use sqlx::PgConnection;

use super::database::Database;
use super::report::is_watched;
use crate::archive::Archive;
use crate::archive::read::{SampleChunk, read};
use crate::model::ids::DeviceId;
use crate::model::metric::Catalogue;
use crate::model::people::PatientId;
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::store::hot::Filter;
use crate::store::rollup::RollupQuestion;
use every::EveryArg;
use output::Output;
use sink::{SampleSink, SeriesRef};
use summary::SeriesSummary;

/// Written to the system in pieces of this size.
const BUFFER_BYTES: usize = 256 * 1024;

/// What samples are written as.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// CSV: a header, and one line a sample
    Csv,
    /// JSON lines: one object a sample
    Ndjson,
    /// Apache Parquet: zstd, row groups of 122,880
    Parquet,
}

/// Reads samples from the database and the archive, each once, ordered by metric, day, device and time.
///
/// Columns are those of the view signal.sample: device_id, metric, statistic, start_at, end_at, value, code, unit,
/// flags, utc_offset_minutes, received_at, revision. Times are RFC 3339 in UTC; what is null is empty in CSV, which has
/// a space between two flags. What a sensor could not measure (below_range, above_range) has no value.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack samples --device watch-7 --metric heart_rate --from 2026-11-23 --to 2026-11-24
  healthtrack samples --format parquet --output all.parquet
  healthtrack samples --patient 0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b --format ndjson
  healthtrack samples --every 1d --zone Asia/Kathmandu --metric step_count --from 2026-11-01
  healthtrack samples --summary --json")]
pub struct Args {
    /// Only of this device
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Only of this patient (care.patient.patient_id): what each device measured while the patient wore it
    #[arg(long, value_name = "UUID", conflicts_with = "device")]
    pub patient: Option<uuid::Uuid>,
    /// Only of this metric, such as heart_rate
    #[arg(long)]
    pub metric: Option<String>,
    /// Only those that begin at this time or later: RFC 3339, or YYYY-MM-DD for midnight UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Option<Timestamp>,
    /// Only those that begin before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<Timestamp>,
    /// Write hours or days in the place of samples: count, sum, mean, least, greatest, first and last of each; needs
    /// --from, and goes on until now where no --to is given
    #[arg(long, value_enum, conflicts_with_all = ["summary", "patient"], requires = "from")]
    pub every: Option<EveryArg>,
    /// In whose time hours and days are
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "every")]
    pub zone: String,
    /// The output format [default: csv, with --json ndjson]
    #[arg(long, value_enum)]
    pub format: Option<OutputFormat>,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show only count, minimum, maximum and sum of each series
    #[arg(long, conflicts_with_all = ["format", "output"])]
    pub summary: bool,
    /// Write JSON: one object a line; with --summary one array
    #[arg(long)]
    pub json: bool,
    /// The configuration; the environment overrides it [default: built-in defaults]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads what is asked for and hands it on.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let catalogue = Catalogue::builtin()?;
    let filter = filter(&args, &catalogue)?;
    let format = args.format.unwrap_or(if args.json { OutputFormat::Ndjson } else { OutputFormat::Csv });
    if format == OutputFormat::Parquet && args.output.is_none() && is_watched() {
        bail!("Parquet is not written to a terminal; give --output FILE, or pipe it");
    }
    let database = Database::read(args.config.as_deref())?;
    let archive = Archive::of(&database.config.archive)?;
    let mut connection = database.ready().await?;
    if let Some(every) = args.every {
        return write_rollups(&mut connection, &args, every, &filter, format).await;
    }
    let mut output = None;
    let mut sink: Box<dyn SampleSink> = if args.summary {
        Box::new(SeriesSummary::new(args.json))
    } else {
        let output = output.insert(Output::open(args.output.as_deref())?);
        sink_of(format, Box::new(output.writer()?))?
    };
    let filters = match args.patient {
        None => vec![filter],
        Some(patient) => person::of_patient(&mut connection, PatientId(patient), &filter).await?,
    };
    for filter in &filters {
        let hand_on = |chunk: SampleChunk| hand_on(chunk, &catalogue, sink.as_mut());
        read(&mut connection, archive.as_ref(), &catalogue, filter, hand_on).await?;
    }
    sink.finish()?;
    output.map_or(Ok(()), Output::keep)
}

async fn write_rollups(
    connection: &mut PgConnection,
    args: &Args,
    every: EveryArg,
    filter: &Filter,
    format: OutputFormat,
) -> anyhow::Result<()> {
    ensure!(format != OutputFormat::Parquet, "--every writes csv or ndjson; choose one of them");
    let question = RollupQuestion {
        device: args.device.as_deref(),
        metric: args.metric.as_deref(),
        every: every.into(),
        from: filter.from.context("--every needs --from; say from when on")?,
        to: filter.to.unwrap_or_else(|| SystemClock.now()),
        zone: &args.zone,
    };
    let output = Output::open(args.output.as_deref())?;
    let writer = BufWriter::with_capacity(BUFFER_BYTES, output.writer()?);
    every::write(connection, &question, format == OutputFormat::Ndjson, writer).await?;
    output.keep()
}

fn sink_of(format: OutputFormat, writer: Box<dyn Write + Send>) -> anyhow::Result<Box<dyn SampleSink>> {
    let writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
    Ok(match format {
        OutputFormat::Csv => Box::new(text::Csv::begin(writer)?),
        OutputFormat::Ndjson => Box::new(text::Ndjson::begin(writer)),
        OutputFormat::Parquet => Box::new(parquet::Parquet::begin(writer)?),
    })
}

fn hand_on(chunk: SampleChunk, catalogue: &Catalogue, sink: &mut dyn SampleSink) -> anyhow::Result<()> {
    let SampleChunk { device, metric, statistic, samples } = chunk;
    let metric = catalogue
        .by_id(metric)
        .context("the database holds a metric that this version does not know; run the version that wrote it")?;
    sink.take(&SeriesRef { device: &device, metric, statistic }, &mut samples.into_iter())
}

fn filter(args: &Args, catalogue: &Catalogue) -> anyhow::Result<Filter> {
    let device = args.device.as_deref().map(DeviceId::parse).transpose().context("--device must be a name")?;
    let metric = match &args.metric {
        None => None,
        Some(name) => Some(catalogue.by_name(name).map(|metric| metric.id).with_context(|| {
            format!("no metric is called {name}; schemas/payloads/metrics.toml lists them, as heart_rate")
        })?),
    };
    if let (Some(from), Some(to)) = (args.from, args.to) {
        ensure!(from <= to, "--from is after --to; exchange them");
    }
    Ok(Filter { device, metric, from: args.from, to: args.to })
}

/// RFC 3339, or a date: its midnight in UTC.
pub(super) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::parse_rfc3339(&whole).map_err(|_| "write 2026-11-23, or 2026-11-23T10:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        assert_eq!(parse_time("2026-11-23").unwrap().to_string(), "2026-11-23T00:00:00Z");
        assert_eq!(parse_time("2026-11-23T01:00:00+01:00").unwrap().to_string(), "2026-11-23T00:00:00Z");
        for text in ["yesterday", "2026-02-30", "2026-11-23T10:00"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
