//! Facilities and providers, found by place, kind, service and field, with what patients say of them.
//!
//! Everything here is read with the asker's rights: ratings count published reviews only, and nobody's name is in them.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::context::Visitor;
use super::error::CareError;
use crate::model::people::{FacilityId, ProviderId};

/// No search answers with more.
pub const FOUND_ROWS_MAX: u16 = 200;

/// Which facilities; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct FacilityQuery<'a> {
    /// Name of the city, small or capital letters alike.
    pub city: Option<&'a str>,
    /// Code of its state: `IL`. A city's name may stand in several.
    pub state: Option<&'a str>,
    /// Category: `clinic`.
    pub category: Option<&'a str>,
    /// A special service that it must offer: `mri`.
    pub service: Option<&'a str>,
}

/// A facility that was found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct FacilityFound {
    /// Key.
    pub facility_id: FacilityId,
    /// Name, unique in its city.
    pub name: String,
    /// Category.
    pub category: String,
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

/// Mean of published reviews.
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
    visitor: &mut Visitor<'_>,
    query: &FacilityQuery<'_>,
) -> Result<Vec<FacilityFound>, CareError> {
    let (connection, failed) = visitor.step("finding facilities");
    let rows = sqlx::query(FIND_FACILITIES)
        .bind(query.city)
        .bind(query.state)
        .bind(query.category)
        .bind(query.service)
        .bind(i64::from(FOUND_ROWS_MAX))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(facility).collect::<Result<_, _>>().map_err(failed)
}

const FIND_FACILITIES: &str = "
    SELECT f.facility_id, f.name, f.category, f.street, f.postal_code, c.name AS city, s.code AS state,
           f.phone::text AS phone, f.booking_url::text AS booking_url, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.facility_service o
                 WHERE o.facility_id = f.facility_id ORDER BY 1) AS services,
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute'))) AS open_now
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews, avg(r.stars)::float8 AS stars FROM care.review r
        WHERE r.facility_id = f.facility_id AND r.state = 'published'
    ) rating
    WHERE ($1 IS NULL OR lower(c.name) = lower($1)) AND ($2 IS NULL OR s.code = $2)
      AND ($3 IS NULL OR f.category = $3) AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND ($4 IS NULL OR EXISTS (SELECT FROM care.facility_service o
                                 WHERE o.facility_id = f.facility_id AND o.service = $4))
    ORDER BY rating.stars DESC NULLS LAST, f.name, f.facility_id LIMIT $5";

fn facility(row: &PgRow) -> Result<FacilityFound, sqlx::Error> {
    Ok(FacilityFound {
        facility_id: row.try_get("facility_id")?,
        name: row.try_get("name")?,
        category: row.try_get("category")?,
        street: row.try_get("street")?,
        postal_code: row.try_get("postal_code")?,
        city: row.try_get("city")?,
        state: row.try_get("state")?,
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
pub async fn find_providers(
    visitor: &mut Visitor<'_>,
    query: &ProviderQuery<'_>,
) -> Result<Vec<ProviderFound>, CareError> {
    let (connection, failed) = visitor.step("finding providers");
    let rows = sqlx::query(FIND_PROVIDERS)
        .bind(query.specialty)
        .bind(query.facility)
        .bind(i64::from(FOUND_ROWS_MAX))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(provider).collect::<Result<_, _>>().map_err(failed)
}

const FIND_PROVIDERS: &str = "
    SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name) AS name, p.languages,
           rating.reviews, rating.stars,
           ARRAY(SELECT s.specialty FROM care.provider_specialty s WHERE s.provider_id = p.provider_id
                 ORDER BY s.main DESC, s.specialty) AS specialties,
           place.facilities
    FROM care.provider p
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT a.facility_id) AS facilities
        FROM care.affiliation a JOIN care.facility f USING (facility_id)
        WHERE a.provider_id = p.provider_id AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
    ) place
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews, avg(r.stars)::float8 AS stars FROM care.review r
        WHERE r.provider_id = p.provider_id AND r.state = 'published'
    ) rating
    WHERE place.facilities IS NOT NULL AND ($2 IS NULL OR $2 = ANY (place.facilities))
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
      AND ($1 IS NULL OR EXISTS (SELECT FROM care.provider_specialty s
                                 WHERE s.provider_id = p.provider_id AND s.specialty = $1))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id LIMIT $3";

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
