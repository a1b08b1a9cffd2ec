//! One series for a chart: what the laboratory found, what was observed and what devices measured, of one LOINC code or
//! metric; each point with its source, since they are not equally precise.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A point of a series.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct ChartPoint {
    /// `laboratory`, `observation` or `device`.
    pub source: String,
    /// When it was true, or when the day began that it is of.
    pub observed_at: Timestamp,
    /// When the period ended.
    pub ended_at: Option<Timestamp>,
    /// By which LOINC code; `None` for a device where the metric has several.
    pub loinc: Option<String>,
    /// By which metric, of a device.
    pub metric: Option<String>,
    /// The value, in `unit`; `None` for a range.
    pub value: Option<f64>,
    /// The lower end of a range, or the least of a day.
    pub lowest: Option<f64>,
    /// The upper end of a range, or the greatest of a day.
    pub highest: Option<f64>,
    /// The unit in which the code is drawn; as it was told where nothing converts exactly.
    pub unit: String,
    /// `<`, `<=`, `>=` or `>` at a limit of the method.
    pub comparator: Option<String>,
    /// `mean` or `sum` of a day of a device.
    pub statistic: Option<String>,
    /// Of how many samples.
    pub count: Option<i64>,
    /// What it means, by HL7.
    pub interpretation: Option<String>,
    /// How final it is; a day that is not over is `preliminary`.
    pub status: String,
    /// The device that measured it, or from which it was read.
    pub device: Option<String>,
}

/// The series of a LOINC code or metric in a time of ten years at most, by time; the days of devices for those only who
/// may see samples. None where the record is not open to the actor.
///
/// # Errors
/// The database's: the code is not known, or the time is longer.
pub async fn read(
    actor: &mut Actor<'_>,
    patient: PatientId,
    code: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<ChartPoint>, CareError> {
    let Some(look) = actor.look(Some(patient), "chart_series", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a series for a chart")?;
    let points: Vec<Json<ChartPoint>> =
        sqlx::query_scalar("SELECT to_jsonb(p) FROM api.read_chart_series($1, $2, $3, $4, $5, $6, 20000) AS p")
            .bind(token)
            .bind(look)
            .bind(patient)
            .bind(code)
            .bind(Moment(from))
            .bind(Moment(to))
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    Ok(points.into_iter().map(|Json(point)| point).collect())
}
