//! What providers are qualified for, which fields they practise, and what care in them opens.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{CareRelationshipId, ProviderId, QualificationId, Sensitivity};
use crate::model::time::Day;

/// A degree, a certificate, a licence or an exemption.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NewQualification<'a> {
    /// `degree`, `certificate`, `license` or `exemption`.
    pub kind: &'a str,
    /// What was awarded.
    pub title: &'a str,
    /// By whom.
    pub issuer: &'a str,
    /// When.
    pub awarded_year: i32,
    /// Where a licence holds: country and state, or all of a country.
    pub jurisdiction: Option<(&'a str, Option<&'a str>)>,
    /// Number of a licence.
    pub license_number: Option<&'a str>,
    /// First day of a licence, and the day before which it ends.
    pub days: Option<(Day, Option<Day>)>,
}

/// A qualification of a provider.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct QualificationLine {
    /// Key.
    pub qualification_id: QualificationId,
    /// To be given where it is verified or ended.
    pub version: i32,
    /// `degree`, `certificate`, `license` or `exemption`.
    pub kind: String,
    /// What was awarded.
    pub title: String,
    /// By whom.
    pub issuer: String,
    /// Country in which a licence holds.
    pub country: Option<String>,
    /// State in which it holds; `None` for all of the country.
    pub state: Option<String>,
    /// First day of a licence.
    pub first_on: Option<Day>,
    /// Day before which it ends.
    pub stop_on: Option<Day>,
    /// Whether somebody verified it with its issuer.
    pub verified: bool,
}

/// Qualifications of a provider, 200 at most.
///
/// # Errors
/// The database's.
pub async fn list_qualifications(
    actor: &mut Actor<'_>,
    provider: ProviderId,
) -> Result<Vec<QualificationLine>, CareError> {
    let (connection, token, failed) = actor.ask("listing qualifications")?;
    sqlx::query_as("SELECT * FROM api.list_qualifications($1, $2)")
        .bind(token)
        .bind(provider)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Adds a qualification of a provider; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn add_qualification(
    actor: &mut Actor<'_>,
    provider: ProviderId,
    new: &NewQualification<'_>,
) -> Result<QualificationId, CareError> {
    let (connection, token, failed) = actor.write("adding a qualification").await?;
    sqlx::query_scalar("SELECT api.add_qualification($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(token)
        .bind(provider)
        .bind(new.kind)
        .bind(new.title)
        .bind(new.issuer)
        .bind(new.awarded_year)
        .bind(new.jurisdiction.map(|place| place.0))
        .bind(new.jurisdiction.and_then(|place| place.1))
        .bind(new.license_number)
        .bind(new.days.map(|days| days.0))
        .bind(new.days.and_then(|days| days.1))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says that a qualification was verified with its issuer.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn verify_qualification(
    actor: &mut Actor<'_>,
    qualification: QualificationId,
    version: i32,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("verifying a qualification").await?;
    sqlx::query("SELECT api.verify_qualification($1, $2, $3)")
        .bind(token)
        .bind(qualification)
        .bind(version)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says until which day a licence or an exemption holds; it is to be verified anew.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_license(
    actor: &mut Actor<'_>,
    qualification: QualificationId,
    version: i32,
    stop_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a licence").await?;
    sqlx::query("SELECT api.end_license($1, $2, $3, $4)")
        .bind(token)
        .bind(qualification)
        .bind(version)
        .bind(stop_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says that a provider practises a field of care, mainly (`Some(true)`) or beside others; `None` where not any more.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn set_specialty(
    actor: &mut Actor<'_>,
    provider: ProviderId,
    specialty: &str,
    main: Option<bool>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting a specialty").await?;
    sqlx::query("SELECT api.set_specialty($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(provider)
        .bind(specialty)
        .bind(main.is_some())
        .bind(main.unwrap_or(false))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a field of care, or says anew what care that begins in it opens.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_specialty(
    actor: &mut Actor<'_>,
    specialty: &str,
    nucc_code: &str,
    title: &str,
    opens: &[Sensitivity],
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a specialty").await?;
    sqlx::query("SELECT api.keep_specialty($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(specialty)
        .bind(nucc_code)
        .bind(title)
        .bind(opens)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says which categories of a record a care relationship opens; its patient sees who said so.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn set_care_opens(
    actor: &mut Actor<'_>,
    relationship: CareRelationshipId,
    version: i32,
    opens: &[Sensitivity],
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("saying what care opens").await?;
    sqlx::query("SELECT api.set_care_opens($1, $2, $3, $4)")
        .bind(token)
        .bind(relationship)
        .bind(version)
        .bind(opens)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
