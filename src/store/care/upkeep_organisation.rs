//! Organisations and what belongs to them, as the administrators of the network keep them.

use super::actor::Actor;
use super::error::CareError;
use super::upkeep::KeptRow;
use crate::model::people::{
    FacilityId, OrganisationId, OrganisationIdentifierId, OrganisationKind, OrganisationNumberKind,
};
use crate::model::time::Day;

/// Where an organisation is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct OrganisationPlace<'a> {
    /// Street and number.
    pub street: &'a str,
    /// Postal code.
    pub postal_code: &'a str,
    /// Country by ISO 3166-1, and state by ISO 3166-2 without the country.
    pub state: (&'a str, &'a str),
    /// Name of the city; added where it is new.
    pub city: &'a str,
}

/// A body of law or a part of the network.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct OrganisationWords<'a> {
    /// What it is a part of.
    pub part_of: Option<OrganisationId>,
    /// What it is.
    pub kind: OrganisationKind,
    /// Name, unique in its whole.
    pub name: &'a str,
    /// Where it is.
    pub place: Option<OrganisationPlace<'a>>,
    /// Telephone.
    pub phone: Option<&'a str>,
    /// Electronic mail.
    pub email: Option<&'a str>,
    /// Its page.
    pub website: Option<&'a str>,
    /// First day on which it is active, and the day before which it ends; `None` where there is no such day.
    pub days: (Option<Day>, Option<Day>),
}

/// Adds an organisation, changes it if it still is the version that was read, or ends it; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, `organisation_ends_without_open_facilities`,
/// and the database's.
pub async fn keep_organisation(
    actor: &mut Actor<'_>,
    known: Option<(OrganisationId, i32)>,
    words: &OrganisationWords<'_>,
) -> Result<OrganisationId, CareError> {
    let (connection, token, failed) = actor.write("keeping an organisation").await?;
    sqlx::query_scalar(
        "SELECT api.keep_organisation($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(token)
    .bind(known.map(|known| known.0))
    .bind(known.map(|known| known.1))
    .bind(words.part_of)
    .bind(words.kind)
    .bind(words.name)
    .bind(words.place.map(|place| place.street))
    .bind(words.place.map(|place| place.postal_code))
    .bind(words.place.map(|place| place.state.0))
    .bind(words.place.map(|place| place.state.1))
    .bind(words.place.map(|place| place.city))
    .bind(words.phone)
    .bind(words.email)
    .bind(words.website)
    .bind(words.days.0)
    .bind(words.days.1)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// Adds a number by which others know an organisation: its kind, who gave it, and the number; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `organisation_identifier_value_fits_its_kind`, and the database's.
pub async fn add_organisation_number(
    actor: &mut Actor<'_>,
    organisation: OrganisationId,
    number: (OrganisationNumberKind, &str, &str),
    days: (Option<Day>, Option<Day>),
) -> Result<OrganisationIdentifierId, CareError> {
    let (connection, token, failed) = actor.write("adding a number of an organisation").await?;
    sqlx::query_scalar("SELECT api.add_organisation_number($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(organisation)
        .bind(number.0)
        .bind(number.1)
        .bind(number.2)
        .bind(days.0)
        .bind(days.1)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day a number of an organisation is not valid any more.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_organisation_number(
    actor: &mut Actor<'_>,
    number: OrganisationIdentifierId,
    version: i32,
    stop_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a number of an organisation").await?;
    sqlx::query("SELECT api.end_organisation_number($1, $2, $3, $4)")
        .bind(token)
        .bind(number)
        .bind(version)
        .bind(stop_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says to which organisation a facility belongs, of which other one it is a part, and what it mainly is.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`,
/// `facility_is_of_a_standing_organisation`, and the database's.
pub async fn place_facility(
    actor: &mut Actor<'_>,
    known: (FacilityId, i32),
    organisation: OrganisationId,
    part_of: Option<FacilityId>,
    category: &str,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("placing a facility").await?;
    sqlx::query("SELECT api.place_facility($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(known.0)
        .bind(known.1)
        .bind(organisation)
        .bind(part_of)
        .bind(category)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Organisations, their numbers, prices of membership, insurers, plans and benefits that stand, with their versions (0
/// where a row has none); 5000 at most.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn list_kept(actor: &mut Actor<'_>) -> Result<Vec<KeptRow>, CareError> {
    let (connection, token, failed) = actor.ask("listing what is kept of the network")?;
    let query = sqlx::query_as("SELECT * FROM api.list_kept($1, NULL)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}
