//! Erasure: a person asks for it, the privacy officer decides, and whoever runs the installation carries it out.
//!
//! What goes and what stays is decided in the database, by class of rows (`access.row_class`); nothing here names a
//! table. What was measured is erased before, by `archive::erase`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::actor::Actor;
use super::context::Operator;
use super::error::CareError;
use crate::model::people::{ErasureGround, ErasureRequestId, ErasureStatus, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// How many rows of a class were deleted, anonymised and kept.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassCounts {
    /// Gone.
    pub deleted: u64,
    /// Emptied of what tells who it was.
    pub anonymised: u64,
    /// As they were: nothing of them tells it.
    pub kept: u64,
}

/// The counts of each class that had rows.
pub type CountsByClass = BTreeMap<String, ClassCounts>;

/// A request, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Which.
    pub request: ErasureRequestId,
    /// Who is to be erased.
    pub patient: PatientId,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// How far it is.
    pub status: ErasureStatus,
    /// What the person said.
    pub reason: Option<String>,
    /// Why it was granted or refused.
    pub decision_reason: Option<String>,
    /// Whether the person is under legal hold; `None` where that is not for the account to know.
    pub held: Option<bool>,
}

/// What an erasure would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundErasure {
    /// The keys of all records of the person.
    pub records: Vec<PatientId>,
    /// Whether a legal hold forbids it.
    pub held: bool,
    /// The request that was granted, where one was.
    pub request: Option<ErasureRequestId>,
    /// The rows, by class.
    pub counts: CountsByClass,
}

/// What proves an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasureProof {
    /// The proof's key.
    pub proof: uuid::Uuid,
    /// Under which key the rest stays.
    pub patient: PatientId,
    /// The keys of all records that went as one.
    pub records: Vec<PatientId>,
    /// Why.
    pub ground: ErasureGround,
    /// When.
    pub erased_at: String,
    /// The rows, by class.
    pub counts: CountsByClass,
    /// SHA-256 of the proof, in hexadecimal digits.
    pub digest: String,
    /// Whether the proof still is what the digest says.
    pub holds: bool,
}

/// Columns of a proof `p`.
const PROOF: &str = "p.erasure_proof_id, p.patient_id, p.records, p.ground, p.erased_at, p.counts,
     encode(p.digest, 'hex'), p.digest = access.erasure_digest(p)";

type ProofRow = (uuid::Uuid, PatientId, Vec<PatientId>, ErasureGround, Moment, Json<CountsByClass>, String, bool);

fn proof((proof, patient, records, ground, Moment(at), Json(counts), digest, holds): ProofRow) -> ErasureProof {
    ErasureProof { proof, patient, records, ground, erased_at: at.to_string(), counts, digest, holds }
}

/// Asks for the erasure of the acting patient, or of one for whom the account consents.
///
/// # Errors
/// `erasure_is_asked_by_the_patient`, and `erasure_request_is_one_at_a_time` while another one stands.
pub async fn request(
    actor: &mut Actor<'_>,
    patient: PatientId,
    reason: Option<&str>,
) -> Result<ErasureRequestId, CareError> {
    let (connection, token, failed) = actor.write("asking for an erasure").await?;
    sqlx::query_scalar("SELECT api.request_erasure($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Takes a request back that was not carried out.
///
/// # Errors
/// `erasure_request_stands` where there is none of the account's.
pub async fn withdraw(actor: &mut Actor<'_>, request: ErasureRequestId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("withdrawing a request of an erasure").await?;
    sqlx::query("SELECT api.withdraw_erasure($1, $2)")
        .bind(token)
        .bind(request)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Grants or refuses a request, as the privacy officer.
///
/// # Errors
/// `erasure_is_decided_by_the_officer`, `erasure_request_is_undecided`, `erasure_waits_for_hold`.
pub async fn decide(
    actor: &mut Actor<'_>,
    request: ErasureRequestId,
    granted: bool,
    reason: &str,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("deciding about an erasure").await?;
    sqlx::query("SELECT api.decide_erasure($1, $2, $3, $4)")
        .bind(token)
        .bind(request)
        .bind(granted)
        .bind(reason)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Requests of a patient, or of all for the privacy officer where no patient is named; the open ones first.
///
/// # Errors
/// The database's.
pub async fn requests(actor: &mut Actor<'_>, patient: Option<PatientId>) -> Result<Vec<ErasureRequest>, CareError> {
    let Some(look) = actor.look(patient, "erasures", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading requests of erasures")?;
    type Row = (ErasureRequestId, PatientId, Moment, ErasureStatus, Option<String>, Option<String>, Option<bool>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT erasure_request_id, patient_id, requested_at, status, reason, decision_reason, held
         FROM api.read_erasures($1, $2, $3)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let request = |(request, patient, Moment(requested_at), status, reason, decision_reason, held)| ErasureRequest {
        request,
        patient,
        requested_at,
        status,
        reason,
        decision_reason,
        held,
    };
    Ok(rows.into_iter().map(request).collect())
}

/// What an erasure of a patient would do.
///
/// # Errors
/// `erasure_is_of_a_patient`.
pub async fn find(operator: &mut Operator<'_>, patient: PatientId) -> Result<FoundErasure, CareError> {
    let (connection, failed) = operator.step("finding what an erasure would do");
    let (records, held, request, Json(counts)) =
        sqlx::query_as("SELECT records, held, request, counts FROM access.find_erasure($1)")
            .bind(patient)
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    Ok(FoundErasure { records, held, request, counts })
}

/// Erases a patient in one transaction, in all records that were joined as one person's; what was measured goes before.
///
/// # Errors
/// `erasure_is_of_a_patient`, `erasure_waits_for_hold`, `samples_are_erased_first`, `erasure_is_granted_first`.
pub async fn erase(
    operator: &mut Operator<'_>,
    patient: PatientId,
    ground: ErasureGround,
    granted: Option<ErasureRequestId>,
) -> Result<ErasureProof, CareError> {
    let (connection, failed) = operator.step("erasing a person");
    let query = format!("SELECT {PROOF} FROM access.erase_person($1, $2, $3) AS p");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(patient)
        .bind(ground)
        .bind(granted)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(proof(row))
}

/// Requests that were granted and are not carried out, the oldest first.
///
/// # Errors
/// The database's.
pub async fn granted(operator: &mut Operator<'_>) -> Result<Vec<(ErasureRequestId, PatientId)>, CareError> {
    let (connection, failed) = operator.step("reading granted requests");
    sqlx::query_as(
        "SELECT erasure_request_id, patient_id FROM access.erasure_request WHERE status = 'granted'
         ORDER BY decided_at, erasure_request_id",
    )
    .fetch_all(connection)
    .await
    .map_err(failed)
}

/// All proofs, the oldest first.
///
/// # Errors
/// The database's.
pub async fn proofs(operator: &mut Operator<'_>) -> Result<Vec<ErasureProof>, CareError> {
    let (connection, failed) = operator.step("reading proofs of erasures");
    let query = format!("SELECT {PROOF} FROM access.erasure_proof p ORDER BY p.erased_at, p.erasure_proof_id");
    let rows: Vec<ProofRow> = sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().map(proof).collect())
}
