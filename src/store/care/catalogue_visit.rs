//! Kinds of visit and reasons of cancellations, as the administrators of the network keep them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::TelehealthRule;

/// A kind of visit.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct VisitKind<'a> {
    /// Word.
    pub appointment_type: &'a str,
    /// A few words for a person.
    pub title: &'a str,
    /// How long it is.
    pub minutes: i32,
    /// How long its provider and place are busy before and after it.
    pub buffer_minutes: (i32, i32),
    /// Whether it takes place by video.
    pub telehealth: TelehealthRule,
    /// Whether the front desk alone books it.
    pub desk_only: bool,
    /// Whether it is booked still.
    pub active: bool,
    /// Specialties of which whoever gives it has one; none where anybody gives it.
    pub specialties: &'a [&'a str],
    /// What it needs of which kind of resource, and how many.
    pub resources: &'a [(&'a str, i32)],
}

/// A reason for which visits are cancelled.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CancellationWords<'a> {
    /// Word.
    pub cancellation_reason: &'a str,
    /// A few words for a person.
    pub title: &'a str,
    /// Code of FHIR's list of reasons.
    pub fhir_code: Option<&'a str>,
    /// Who may give it: patient, provider, facility.
    pub given_by: &'a [&'a str],
    /// Whether it is given still.
    pub active: bool,
}

/// Adds a kind of visit, or writes it anew with its specialties and resources; visits that are booked stay as they are.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_visit_kind(actor: &mut Actor<'_>, visit: &VisitKind<'_>) -> Result<(), CareError> {
    let (kinds, counts): (Vec<&str>, Vec<i32>) = visit.resources.iter().copied().unzip();
    let (connection, token, failed) = actor.write("keeping a kind of visit").await?;
    sqlx::query("SELECT api.keep_appointment_type($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(token)
        .bind(visit.appointment_type)
        .bind(visit.title)
        .bind(visit.minutes)
        .bind(visit.buffer_minutes.0)
        .bind(visit.buffer_minutes.1)
        .bind(visit.telehealth)
        .bind(visit.desk_only)
        .bind(visit.active)
        .bind(visit.specialties)
        .bind(kinds)
        .bind(counts)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a reason for which visits are cancelled, or says anew who may give it.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_cancellation_reason(actor: &mut Actor<'_>, reason: &CancellationWords<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a reason of cancellations").await?;
    sqlx::query("SELECT api.keep_cancellation_reason($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(reason.cancellation_reason)
        .bind(reason.title)
        .bind(reason.fhir_code)
        .bind(reason.given_by)
        .bind(reason.active)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
