//! Facilities by name: found by how it begins, and named by their keys. A network may have more than one search answers
//! with.

use super::actor::Actor;
use super::directory::FOUND_ROWS_MAX;
use super::error::CareError;
use crate::model::people::FacilityId;

/// A facility that was found by name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FacilityNamed {
    /// Key.
    pub facility_id: FacilityId,
    /// Name, unique in its city.
    pub name: String,
    /// City.
    pub city: String,
    /// Code of its state.
    pub state: String,
    /// Main category.
    pub category: String,
}

/// Facilities that stand and whose name begins so, by name; 200 at most.
///
/// # Errors
/// The database's.
pub async fn find_facilities_by_name(actor: &mut Actor<'_>, begins: &str) -> Result<Vec<FacilityNamed>, CareError> {
    let (connection, token, failed) = actor.ask("finding facilities by name")?;
    let query = sqlx::query_as("SELECT * FROM api.find_facilities_by_name($1, $2, $3)").bind(token).bind(begins);
    query.bind(i32::from(FOUND_ROWS_MAX)).fetch_all(connection).await.map_err(failed)
}

/// What facilities are called, closed ones too; 500 at most.
///
/// # Errors
/// The database's.
pub async fn facility_names(
    actor: &mut Actor<'_>,
    facilities: &[FacilityId],
) -> Result<Vec<(FacilityId, String)>, CareError> {
    let (connection, token, failed) = actor.ask("reading names of facilities")?;
    let query = sqlx::query_as("SELECT facility_id, name FROM api.list_facility_names($1, $2)").bind(token);
    query.bind(facilities).fetch_all(connection).await.map_err(failed)
}
