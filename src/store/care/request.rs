//! Requests for services: asked by a provider, moved on, and answered by what was done.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{
    AppointmentId, ClinicalReportId, EncounterId, FacilityId, ImagingStudyId, LabOrderId, PatientId, ProcedureId,
    ProviderId, RequestCategory, RequestIntent, RequestStatus, Sensitivity, ServiceRequestId, Urgency,
};
use crate::model::time::Day;

/// What is to be asked.
#[derive(Clone, Debug)]
pub struct NewServiceRequest<'a> {
    /// The visit at which it is asked; `None` where there is none.
    pub encounter: Option<EncounterId>,
    /// What kind of service.
    pub category: RequestCategory,
    /// How firmly.
    pub intent: RequestIntent,
    /// How much it hurries.
    pub urgency: Urgency,
    /// `snomed` or `loinc`, and what is asked by its code there.
    pub code: (&'a str, &'a str),
    /// What it is called.
    pub title: &'a str,
    /// Why, by ICD-10; `None` where only words say it.
    pub reason_code: Option<&'a str>,
    /// Why, in words.
    pub reason: &'a str,
    /// The provider who is asked; `None` where a facility or a specialty is.
    pub performer: Option<ProviderId>,
    /// The facility that is asked; `None` where any will do.
    pub facility: Option<FacilityId>,
    /// The specialty that is asked; `None` where a provider or facility is.
    pub specialty: Option<&'a str>,
    /// The day until which it is wanted, without it; `None` where that is open.
    pub wanted_until: Option<Day>,
    /// The request in whose place it stands; `None` for a first one.
    pub supersedes: Option<ServiceRequestId>,
    /// Whether it is written and not yet asked.
    pub is_draft: bool,
    /// The category by which it is kept apart; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// Asks in the name of the acting provider; the request's key.
///
/// # Errors
/// The database's: a rule refuses a part, or no provider in care acts.
pub async fn ask(
    actor: &mut Actor<'_>,
    patient: PatientId,
    asked: &NewServiceRequest<'_>,
) -> Result<ServiceRequestId, CareError> {
    let (connection, token, failed) = actor.write("asking for a service").await?;
    sqlx::query_scalar(
        "SELECT api.request_service($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL,
                                    $15, $16, $17, $18)",
    )
    .bind(token)
    .bind(patient)
    .bind(asked.encounter)
    .bind(asked.category)
    .bind(asked.intent)
    .bind(asked.urgency)
    .bind(asked.code.0)
    .bind(asked.code.1)
    .bind(asked.title)
    .bind(asked.reason_code)
    .bind(asked.reason)
    .bind(asked.performer)
    .bind(asked.facility)
    .bind(asked.specialty)
    .bind(asked.wanted_until)
    .bind(asked.supersedes)
    .bind(asked.is_draft)
    .bind(asked.sensitivity)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// Moves a request to another state, if it still is the version that the editor read.
///
/// # Errors
/// `service_request_follows_its_states`, `service_request_is_completed_by_what_is_done`, and the database's.
pub async fn change(
    actor: &mut Actor<'_>,
    request: ServiceRequestId,
    version: i32,
    status: RequestStatus,
    why: Option<&str>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing a request").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_service_request($1, $2, $3, $4, $5, NULL, NULL)")
            .bind(token)
            .bind(request)
            .bind(version)
            .bind(status)
            .bind(why)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// What was done for a request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum DoneBy {
    /// A report.
    Report(ClinicalReportId),
    /// An order of the laboratory.
    LabOrder(LabOrderId),
    /// A study of images.
    Study(ImagingStudyId),
    /// A visit.
    Visit(AppointmentId),
    /// A procedure.
    Procedure(ProcedureId),
}

/// Notes under a request what was done for it.
///
/// # Errors
/// `service_request_fulfilment_fits_its_category`, `service_request_fulfilment_is_of_an_active_request`, and the
/// database's.
pub async fn fulfil(actor: &mut Actor<'_>, request: ServiceRequestId, done: DoneBy) -> Result<(), CareError> {
    let (mut report, mut order, mut study, mut visit, mut procedure) = (None, None, None, None, None);
    match done {
        DoneBy::Report(key) => report = Some(key),
        DoneBy::LabOrder(key) => order = Some(key),
        DoneBy::Study(key) => study = Some(key),
        DoneBy::Visit(key) => visit = Some(key),
        DoneBy::Procedure(key) => procedure = Some(key),
    }
    let (connection, token, failed) = actor.write("noting what was done for a request").await?;
    sqlx::query("SELECT api.fulfil_service_request($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(request)
        .bind(report)
        .bind(order)
        .bind(study)
        .bind(visit)
        .bind(procedure)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Places the laboratory's order of a request; the order's key.
///
/// # Errors
/// `lab_order_is_of_a_laboratory_request`, and the database's.
pub async fn order_lab(
    actor: &mut Actor<'_>,
    request: ServiceRequestId,
    specimen: &str,
) -> Result<LabOrderId, CareError> {
    let (connection, token, failed) = actor.write("ordering of the laboratory").await?;
    sqlx::query_scalar("SELECT api.order_lab($1, $2, NULL, $3, NULL)")
        .bind(token)
        .bind(request)
        .bind(specimen)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// A request as a chart lists it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RequestLine {
    /// Which.
    pub service_request_id: ServiceRequestId,
    /// Which version stands.
    pub version: i32,
    /// What kind of service.
    pub category: RequestCategory,
    /// What is asked.
    pub title: String,
    /// How far it is.
    pub status: RequestStatus,
    /// Who asked.
    pub requested_by: ProviderId,
    /// What was done for it, as keys by their kinds.
    pub done: serde_json::Value,
}

/// The latest requests for a patient; 500 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(
    actor: &mut Actor<'_>,
    patient: PatientId,
    rows_max: u16,
) -> Result<Vec<RequestLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "service_requests", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading requests")?;
    sqlx::query_as("SELECT * FROM api.read_service_requests($1, $2, $3, NULL, NULL, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}
