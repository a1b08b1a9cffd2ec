//! Answers to questionnaires, with their scores over time.

use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{PatientId, Sensitivity};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A questionnaire that was answered, or begun.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionnaireResponse {
    /// Key.
    pub key: Uuid,
    /// The questionnaire's stable name: `phq9`.
    pub name: String,
    /// What a patient sees.
    pub title: String,
    /// `in_progress`, `completed` or `abandoned`.
    pub status: String,
    /// When it was begun.
    pub began_at: Timestamp,
    /// When the last question was answered.
    pub completed_at: Option<Timestamp>,
    /// The score; `None` where it is not counted, or not yet.
    pub score: Option<f64>,
    /// The highest that there can be.
    pub highest: Option<f64>,
    /// What its authors call this range.
    pub band: Option<String>,
    /// Questions that somebody should look at whatever the score is.
    pub look_at: Vec<String>,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

type ResponseRow = (
    Uuid,
    String,
    String,
    i32,
    String,
    Moment,
    Option<Moment>,
    Option<f64>,
    Option<f64>,
    Option<String>,
    Vec<String>,
    Option<Sensitivity>,
);

/// What a patient has answered, the latest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn responses(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<QuestionnaireResponse>, CareError> {
    let Some(look) = actor.look(Some(patient), "questionnaires", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading answers to questionnaires")?;
    let query = sqlx::query_as("SELECT * FROM api.read_responses($1, $2, $3)").bind(token).bind(look).bind(patient);
    let rows: Vec<ResponseRow> = query.fetch_all(connection).await.map_err(failed)?;
    let response = |row: ResponseRow| {
        let (key, name, title, _, status, began_at, completed_at, score, highest, band, look_at, sensitivity) = row;
        let (began_at, completed_at) = (began_at.0, completed_at.map(|at| at.0));
        QuestionnaireResponse {
            key,
            name,
            title,
            status,
            began_at,
            completed_at,
            score,
            highest,
            band,
            look_at,
            sensitivity,
        }
    };
    Ok(rows.into_iter().map(response).collect())
}

/// A question, and what was answered; `None` where nothing was.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AnsweredQuestion {
    /// Its name in the questionnaire.
    pub link_id: String,
    /// The question.
    pub question: String,
    /// The answer in words.
    pub answer: Option<String>,
}

/// Questions in their order with what a patient has answered on one occasion; none where that is not there for whoever
/// acts.
///
/// # Errors
/// The database's.
pub async fn answers(
    actor: &mut Actor<'_>,
    patient: PatientId,
    response: Uuid,
) -> Result<Vec<AnsweredQuestion>, CareError> {
    let Some(look) = actor.look(Some(patient), "questionnaires", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading answers")?;
    let query = sqlx::query_as("SELECT * FROM api.read_answers($1, $2, $3, $4)").bind(token).bind(look);
    query.bind(patient).bind(response).fetch_all(connection).await.map_err(failed)
}
