//! Observations: noted, corrected and taken back in the name of who made them, and read.
//!
//! A finding travels as JSON with the names of its parts, since it has many and most are not said; the database refuses
//! what has no place in it.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{
    EncounterId, ObservationAbsence, ObservationCategory, ObservationFlag, ObservationId, ObservationStatus, PatientId,
};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A value, of one kind.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum Observed {
    /// A number in a unit by UCUM.
    Number {
        /// The number.
        number: f64,
        /// Its unit; `1` where it has none.
        unit: String,
        /// `<`, `<=`, `>=` or `>` at a limit of the method.
        #[serde(skip_serializing_if = "Option::is_none")]
        comparator: Option<String>,
    },
    /// Two numbers of which the second is the measure of the first.
    Ratio {
        /// The first.
        numerator: f64,
        /// Its unit.
        unit: String,
        /// The second.
        denominator: f64,
        /// Its unit.
        denominator_unit: String,
    },
    /// Between two numbers; one may be open.
    Range {
        /// The lower end.
        #[serde(skip_serializing_if = "Option::is_none")]
        low: Option<f64>,
        /// The upper end.
        #[serde(skip_serializing_if = "Option::is_none")]
        high: Option<f64>,
        /// Their unit.
        unit: String,
    },
    /// A code: `snomed`, or `loinc` for an answer of a list of LOINC.
    Code {
        /// Of which system.
        system: String,
        /// The code.
        code: String,
    },
    /// Words.
    Words {
        /// Which.
        text: String,
    },
    /// Yes or no.
    Truth {
        /// Yes is true.
        boolean: bool,
    },
    /// Nothing, and why.
    Absent {
        /// Why.
        absent: ObservationAbsence,
    },
}

/// One of the values of an observation that has several.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Component {
    /// What was observed, by LOINC.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// What it was.
    pub value: Observed,
    /// What it means; `None` where nobody judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpretation: Option<ObservationFlag>,
    /// Lowest usual value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_low: Option<f64>,
    /// Highest usual value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_high: Option<f64>,
}

/// What is said of an observation; of a correction, what is said anew.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct NewObservation {
    /// What was observed, by LOINC; of a correction always as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loinc: Option<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What kind it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<ObservationCategory>,
    /// At which visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encounter: Option<EncounterId>,
    /// When it was true, or when the period began in which it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// When that period ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What it was; `None` where its components say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Observed>,
    /// Its values beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpretation: Option<ObservationFlag>,
    /// Lowest usual value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_low: Option<f64>,
    /// Highest usual value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_high: Option<f64>,
    /// Part of the body, by SNOMED CT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_site: Option<String>,
    /// How, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Name of the device from which it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// `behavioural_health`, `reproductive`, `substance_use` or `hiv`; of a correction as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<String>,
    /// A remark; of a correction, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An observation, to be shown.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct ObservationLine {
    /// Key.
    pub observation_id: ObservationId,
    /// When it was true, or when the period began in which it was.
    pub observed_at: Timestamp,
    /// When that period ended.
    pub ended_at: Option<Timestamp>,
    /// What kind it is.
    pub category: ObservationCategory,
    /// What was observed.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// What it was; `None` where its components say so.
    pub value: Option<Observed>,
    /// Its values beside, by code.
    pub components: Vec<Component>,
    /// What it means.
    pub interpretation: Option<ObservationFlag>,
    /// What kind of sensitive fact it is.
    pub sensitivity: Option<String>,
    /// `provider`, `patient` or `unknown`.
    pub performed_by: String,
    /// The provider's name.
    pub performer: Option<String>,
    /// How final it is.
    pub status: ObservationStatus,
    /// What took its place.
    pub amended_by: Option<ObservationId>,
    /// A remark.
    pub note: Option<String>,
    /// Version, to take it back.
    pub version: i32,
}

/// Which observations.
#[derive(Copy, Clone, Debug)]
pub enum Asked<'a> {
    /// As they stand, of one kind or code or of all, the latest first; those before a line.
    Page(Option<ObservationCategory>, Option<&'a str>, Option<&'a ObservationLine>, u16),
    /// The newest of each code.
    Newest(Option<ObservationCategory>),
    /// One, with what it took the place of and what took its place.
    One(ObservationId),
}

/// Notes what the acting provider observed, or what the acting patient measured; the key.
///
/// # Errors
/// The database's: a rule refuses a part, or whoever acts may not write in this record.
pub async fn note(
    actor: &mut Actor<'_>,
    patient: PatientId,
    finding: &NewObservation,
) -> Result<ObservationId, CareError> {
    let (connection, token, failed) = actor.write("noting an observation").await?;
    sqlx::query_scalar("SELECT api.note_observation($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(Json(finding))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Writes what takes the place of a final observation, `Amended` or `Corrected`; the new key, the former stays.
///
/// # Errors
/// The database's: it is not final, has been corrected already, or is another's and a patient acts.
pub async fn amend(
    actor: &mut Actor<'_>,
    observation: ObservationId,
    finding: &NewObservation,
    becomes: ObservationStatus,
) -> Result<ObservationId, CareError> {
    let (connection, token, failed) = actor.write("correcting an observation").await?;
    sqlx::query_scalar("SELECT api.amend_observation($1, $2, $3, $4)")
        .bind(token)
        .bind(observation)
        .bind(Json(finding))
        .bind(becomes)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Marks an observation as an error, where it still has the version that was read.
///
/// # Errors
/// The database's: it is a colleague's, or not the acting patient's own.
pub async fn take_back(actor: &mut Actor<'_>, observation: ObservationId, version: i32) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("taking an observation back").await?;
    let found = sqlx::query_as("SELECT * FROM api.take_observation_back($1, $2, $3)")
        .bind(token)
        .bind(observation)
        .bind(version)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(Edited::of(found))
}

/// Observations of a patient, 500 at most; none where the record is not open to the actor.
///
/// # Errors
/// The database's.
pub async fn read(
    actor: &mut Actor<'_>,
    patient: PatientId,
    asked: Asked<'_>,
) -> Result<Vec<ObservationLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "observations", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading observations")?;
    let query = match asked {
        Asked::Page(category, loinc, before, rows_max) => {
            sqlx::query_scalar("SELECT to_jsonb(o) FROM api.read_observations($1, $2, $3, $4, $5, $6, $7, $8) AS o")
                .bind(token)
                .bind(look)
                .bind(patient)
                .bind(category)
                .bind(loinc)
                .bind(before.map(|line| Moment(line.observed_at)))
                .bind(before.map(|line| line.observation_id))
                .bind(i32::from(rows_max))
        }
        Asked::Newest(category) => {
            sqlx::query_scalar("SELECT to_jsonb(o) FROM api.read_newest_observations($1, $2, $3, $4) AS o")
                .bind(token)
                .bind(look)
                .bind(patient)
                .bind(category)
        }
        Asked::One(observation) => {
            sqlx::query_scalar("SELECT to_jsonb(o) FROM api.read_observation($1, $2, $3, $4) AS o")
                .bind(token)
                .bind(look)
                .bind(patient)
                .bind(observation)
        }
    };
    let lines: Vec<Json<ObservationLine>> = query.fetch_all(connection).await.map_err(failed)?;
    Ok(lines.into_iter().map(|Json(line)| line).collect())
}
