//! Facilities and providers, found by place, kind, service and field, with what patients say of them.
//!
//! Everything here is read with the asker's rights: ratings count published reviews only, and nobody's name is in them.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{DepartmentId, FacilityId, OrganisationId, ProviderId};

/// No search answers with more.
pub const FOUND_ROWS_MAX: u16 = 200;

/// Which facilities; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct FacilityQuery<'a> {
    /// Name of the city, small or capital letters alike.
    pub city: Option<&'a str>,
    /// Code of its state: `IL`. A city's name may stand in several.
    pub state: Option<&'a str>,
    /// One of its categories: `clinic`.
    pub category: Option<&'a str>,
    /// A special service that it must offer: `mri`.
    pub service: Option<&'a str>,
    /// An organisation that it belongs to, itself or by one of the organisation's parts.
    pub organisation: Option<OrganisationId>,
}

/// A facility that was found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct FacilityFound {
    /// Key.
    pub facility_id: FacilityId,
    /// Name, unique in its city.
    pub name: String,
    /// Facility that it is a part of; `None` for one that stands by itself.
    pub part_of: Option<FacilityId>,
    /// Organisation that answers for it.
    pub organisation_id: OrganisationId,
    /// Its name.
    pub organisation: String,
    /// Main category.
    pub category: String,
    /// All of them, the main one first.
    pub categories: Vec<String>,
    /// Street and number.
    pub street: String,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// Code of its state.
    pub state: String,
    /// Telephone.
    pub phone: String,
    /// Where appointments are made; `None` where only by telephone.
    pub booking_url: Option<String>,
    /// Special services, by their words.
    pub services: Vec<String>,
    /// What patients say.
    pub rating: Rating,
    /// Whether it is open at this moment.
    pub open_now: bool,
}

/// Mean of the published ratings of this provider or this facility.
#[derive(Copy, Clone, Debug, PartialEq, serde::Serialize)]
pub struct Rating {
    /// How many.
    pub reviews: i64,
    /// Their mean, 1 to 5; `None` where there is none.
    pub stars: Option<f64>,
}

/// Finds facilities that still stand, the best rated first, `FOUND_ROWS_MAX` at most.
///
/// # Errors
/// The database's.
pub async fn find_facilities(
    actor: &mut Actor<'_>,
    query: &FacilityQuery<'_>,
) -> Result<Vec<FacilityFound>, CareError> {
    let (connection, token, failed) = actor.ask("finding facilities")?;
    let rows = sqlx::query("SELECT * FROM api.find_facilities($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(query.city)
        .bind(query.state)
        .bind(query.category)
        .bind(query.service)
        .bind(query.organisation)
        .bind(i32::from(FOUND_ROWS_MAX))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(facility).collect::<Result<_, _>>().map_err(failed)
}

fn facility(row: &PgRow) -> Result<FacilityFound, sqlx::Error> {
    Ok(FacilityFound {
        facility_id: row.try_get("facility_id")?,
        name: row.try_get("name")?,
        part_of: row.try_get("part_of")?,
        organisation_id: row.try_get("organisation_id")?,
        organisation: row.try_get("organisation")?,
        category: row.try_get("category")?,
        categories: row.try_get("categories")?,
        street: row.try_get("street")?,
        postal_code: row.try_get("postal_code")?,
        city: row.try_get("city_name")?,
        state: row.try_get("state_code")?,
        phone: row.try_get("phone")?,
        booking_url: row.try_get("booking_url")?,
        services: row.try_get("services")?,
        rating: rating(row)?,
        open_now: row.try_get("open_now")?,
    })
}

fn rating(row: &PgRow) -> Result<Rating, sqlx::Error> {
    Ok(Rating { reviews: row.try_get("reviews")?, stars: row.try_get("stars")? })
}

/// Which providers; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ProviderQuery<'a> {
    /// Field of care: `cardiology`.
    pub specialty: Option<&'a str>,
    /// Facility at which they work today.
    pub facility: Option<FacilityId>,
}

/// A provider that was found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ProviderFound {
    /// Key.
    pub provider_id: ProviderId,
    /// Given name and family name.
    pub name: String,
    /// Fields of care by their words, the main one first.
    pub specialties: Vec<String>,
    /// Languages by ISO 639-1.
    pub languages: Vec<String>,
    /// Facilities of work today.
    pub facilities: Vec<FacilityId>,
    /// What patients say.
    pub rating: Rating,
}

/// Finds providers who work at some facility today, the best rated first, `FOUND_ROWS_MAX` at most.
///
/// # Errors
/// The database's.
pub async fn find_providers(actor: &mut Actor<'_>, query: &ProviderQuery<'_>) -> Result<Vec<ProviderFound>, CareError> {
    let (connection, token, failed) = actor.ask("finding providers")?;
    let rows = sqlx::query("SELECT * FROM api.find_providers($1, $2, $3, $4)")
        .bind(token)
        .bind(query.specialty)
        .bind(query.facility)
        .bind(i32::from(FOUND_ROWS_MAX))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(provider).collect::<Result<_, _>>().map_err(failed)
}

/// What providers are called; 500 at most.
///
/// # Errors
/// The database's.
pub async fn provider_names(
    actor: &mut Actor<'_>,
    providers: &[ProviderId],
) -> Result<Vec<(ProviderId, String)>, CareError> {
    let (connection, token, failed) = actor.ask("reading names of providers")?;
    let query = sqlx::query_as("SELECT provider_id, name FROM api.list_provider_names($1, $2)").bind(token);
    query.bind(providers).fetch_all(connection).await.map_err(failed)
}

fn provider(row: &PgRow) -> Result<ProviderFound, sqlx::Error> {
    Ok(ProviderFound {
        provider_id: row.try_get("provider_id")?,
        name: row.try_get("name")?,
        specialties: row.try_get("specialties")?,
        languages: row.try_get("languages")?,
        facilities: row.try_get("facilities")?,
        rating: rating(row)?,
    })
}

/// A provider who was found by name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ProviderNamed {
    /// Key.
    pub provider_id: ProviderId,
    /// Given name and family name.
    pub name: String,
    /// What they practise, the main one first.
    pub specialties: Vec<String>,
    /// Where they see patients.
    pub facilities: Vec<String>,
}

/// Providers whose family name, given name or both begin so; 200 at most.
///
/// # Errors
/// The database's.
pub async fn find_providers_by_name(actor: &mut Actor<'_>, begins: &str) -> Result<Vec<ProviderNamed>, CareError> {
    let (connection, token, failed) = actor.ask("finding providers by name")?;
    let query = sqlx::query_as("SELECT * FROM api.find_providers_by_name($1, $2, $3)").bind(token).bind(begins);
    query.bind(i32::from(FOUND_ROWS_MAX)).fetch_all(connection).await.map_err(failed)
}

/// Something that a facility offers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ServiceOffered {
    /// Key.
    pub facility_service_id: uuid::Uuid,
    /// Its word in the list of services; `None` where the list has none that fits.
    pub service: Option<String>,
    /// Its own name, or else the title of its word.
    pub name: String,
    /// A sentence about it.
    pub detail: Option<String>,
    /// How long it takes.
    pub duration_minutes: Option<i32>,
    /// How many can take it at once.
    pub capacity: Option<i32>,
}

/// What a facility offers today, by name.
///
/// # Errors
/// The database's.
pub async fn list_services(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<ServiceOffered>, CareError> {
    let (connection, token, failed) = actor.ask("listing services of a facility")?;
    let query = sqlx::query("SELECT * FROM api.list_services($1, $2)").bind(token).bind(facility);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    rows.iter().map(service).collect::<Result<_, _>>().map_err(failed)
}

fn service(row: &PgRow) -> Result<ServiceOffered, sqlx::Error> {
    Ok(ServiceOffered {
        facility_service_id: row.try_get("facility_service_id")?,
        service: row.try_get("service")?,
        name: row.try_get("name")?,
        detail: row.try_get("detail")?,
        duration_minutes: row.try_get("duration_minutes")?,
        capacity: row.try_get("capacity")?,
    })
}

/// Somebody who works at a facility.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffMember {
    /// Key of the affiliation.
    pub affiliation_id: uuid::Uuid,
    /// Which provider of the network; `None` for anybody else.
    pub provider_id: Option<ProviderId>,
    /// Name.
    pub name: String,
    /// Word of the role.
    pub role: String,
    /// The role in a few words.
    pub title: String,
    /// In which department; `None` for the whole facility.
    pub department_id: Option<DepartmentId>,
    /// Its name.
    pub department: Option<String>,
}

/// Who works at a facility today, by role and name; who has two roles is there twice.
///
/// # Errors
/// The database's.
pub async fn list_staff(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<StaffMember>, CareError> {
    let (connection, token, failed) = actor.ask("listing the staff of a facility")?;
    let query = sqlx::query("SELECT * FROM api.list_staff($1, $2)").bind(token).bind(facility);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    rows.iter().map(staff_member).collect::<Result<_, _>>().map_err(failed)
}

fn staff_member(row: &PgRow) -> Result<StaffMember, sqlx::Error> {
    Ok(StaffMember {
        affiliation_id: row.try_get("affiliation_id")?,
        provider_id: row.try_get("provider_id")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        title: row.try_get("title")?,
        department_id: row.try_get("department_id")?,
        department: row.try_get("department")?,
    })
}
