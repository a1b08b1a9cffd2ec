//! The schema, brought up to date: extension where there is one, migrations, hypertable, catalogue.

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use sqlx::{Executor, Row};

use self::bridge::bridge;
use self::recorded::{recorded, shipped};
use super::StoreError;
use crate::model::metric::{Catalogue, Metric};
use crate::telemetry::chain;

/// Their statements, one by one.
mod splitter;

/// The routines and views in them.
mod definitions;

/// Which migrations a database says were applied to it.
mod recorded;

/// A database of the former migrations becomes one of today's.
mod bridge;

static MIGRATIONS: Migrator = sqlx_macros::migrate!("schemas/migrations");

/// Applied after the migrations where TimescaleDB is present; each harmless when repeated.
const TIMESCALE: [&str; 1] = [include_str!("../../../schemas/timescale/0001_block_hypertable.sql")];

/// What `migrate` found and did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    /// Migrations that were applied now.
    pub applied: usize,
    /// Migrations that exist.
    pub known: usize,
    /// True where the hot table is a hypertable.
    pub hypertable: bool,
    /// True where the database was moved to the current roles.
    pub moved: bool,
}

/// Brings the schema up to date. Two that do so at once wait for one another.
///
/// A login that does not own the schema, as a daemon's should not, only checks that all is as this version knows it.
pub async fn migrate(connection: &mut PgConnection, catalogue: &Catalogue) -> Result<Migrated, StoreError> {
    if is_anothers(connection).await? {
        return verify(connection, catalogue).await;
    }
    let timescale = prepare_timescale(connection).await?;
    let moved = bridge(connection, &MIGRATIONS).await?;
    let before = recorded(connection).await?.len();
    // Not `run`: what it asks of its connection keeps the whole future from being `Send`.
    MIGRATIONS.run_direct(None, connection, false).await?;
    if timescale {
        for statement in TIMESCALE {
            connection.execute(statement).await.map_err(StoreError::at("making the hypertable"))?;
        }
    }
    load_catalogue(connection, catalogue).await?;
    let known = MIGRATIONS.iter().count();
    Ok(Migrated { applied: known.saturating_sub(before), known, hypertable: is_hypertable(connection).await?, moved })
}

/// True where every migration of this version has been applied, and as it is written today.
pub async fn is_current(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let recorded = recorded(connection).await?;
    Ok(shipped(&MIGRATIONS).iter().all(|migration| recorded.contains(migration)))
}

/// True where the schema stands and belongs to a role that this session is no member of.
async fn is_anothers(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let query = "SELECT NOT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('signal.metric')";
    let anothers: Option<bool> = sqlx::query_scalar(query)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("asking who owns the schema"))?;
    Ok(anothers.unwrap_or(false))
}

/// Checks that every migration was applied and every metric is there.
async fn verify(connection: &mut PgConnection, catalogue: &Catalogue) -> Result<Migrated, StoreError> {
    let metrics: Vec<(i16, String)> = sqlx::query_as("SELECT metric_id, name FROM signal.metric")
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::at("reading the metric catalogue"))?;
    let has = |metric: &Metric| metrics.iter().any(|(id, name)| *id == metric.id.0 && *name == metric.name);
    if !is_current(connection).await? || !catalogue.all().iter().all(has) {
        return Err(StoreError::Outdated);
    }
    let known = MIGRATIONS.iter().count();
    Ok(Migrated { applied: 0, known, hypertable: is_hypertable(connection).await?, moved: false })
}

/// Creates the extension where the server has loaded it (its loader then has this setting; the list of libraries is not
/// everybody's to read) and this role may; true where it is there.
async fn prepare_timescale(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let step = StoreError::at("looking for TimescaleDB");
    let (present, loaded): (bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'),
                EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
                    AND current_setting('timescaledb.disable_load', true) IS NOT NULL",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(step)?;
    if present || !loaded {
        return Ok(present);
    }
    match connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb").await {
        Ok(_) => Ok(true),
        Err(error) => {
            let error = chain(&error);
            tracing::warn!("cannot create the TimescaleDB extension, using native partitions: {error}");
            Ok(false)
        }
    }
}

/// True where `signal.block` is a hypertable.
pub async fn is_hypertable(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let row = connection
        .fetch_one("SELECT relkind = 'r' FROM pg_class WHERE oid = to_regclass('signal.block')")
        .await
        .map_err(StoreError::at("looking at signal.block"))?;
    Ok(row.get(0))
}

/// In one statement: one for each of 44 metrics took 20 ms of each start.
async fn load_catalogue(connection: &mut PgConnection, catalogue: &Catalogue) -> Result<(), StoreError> {
    let metrics: Vec<_> = catalogue.all().iter().map(row).collect();
    sqlx::query(
        "INSERT INTO signal.metric (metric_id, per_minute, mdc, hard_low, hard_high, soft_low, soft_high, name, title,
                                    kind, unit, loinc, codes)
         SELECT * FROM jsonb_to_recordset($1) AS shipped (
             metric_id smallint, per_minute boolean, mdc bigint, hard_low double precision, hard_high double precision,
             soft_low double precision, soft_high double precision, name text, title text, kind text, unit text,
             loinc text[], codes text[])
         ON CONFLICT (metric_id) DO UPDATE SET
             per_minute = excluded.per_minute, mdc = excluded.mdc, hard_low = excluded.hard_low,
             hard_high = excluded.hard_high, soft_low = excluded.soft_low, soft_high = excluded.soft_high,
             name = excluded.name, title = excluded.title, kind = excluded.kind, unit = excluded.unit,
             loinc = excluded.loinc, codes = excluded.codes
         WHERE metric IS DISTINCT FROM excluded",
    )
    .bind(Json(metrics))
    .execute(connection)
    .await
    .map(drop)
    .map_err(StoreError::at("loading the metric catalogue"))
}

/// A metric as a row of `signal.metric`.
fn row(metric: &Metric) -> serde_json::Value {
    let (hard, soft) = (metric.hard, metric.soft);
    serde_json::json!({
        "metric_id": metric.id.0,
        "per_minute": metric.per_minute,
        "mdc": metric.mdc,
        "hard_low": hard.map(|range| range.low),
        "hard_high": hard.map(|range| range.high),
        "soft_low": soft.map(|range| range.low),
        "soft_high": soft.map(|range| range.high),
        "name": metric.name,
        "title": metric.title,
        "kind": format!("{:?}", metric.kind).to_lowercase(),
        "unit": metric.unit,
        "loinc": metric.loinc,
        "codes": (!metric.codes.is_empty()).then_some(&metric.codes),
    })
}
