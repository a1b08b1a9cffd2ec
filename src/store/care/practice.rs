//! Who sees patients where: providers at the facilities at which they work, found by specialty and place; and what
//! there is to choose from.

use super::actor::Actor;
use super::directory::Rating;
use super::error::CareError;
use crate::model::people::{FacilityId, ProviderId};

/// No search answers with more.
const ROWS_MAX: i32 = 500;

/// Which; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct PracticeQuery<'a> {
    /// Any of these: `cardiology`.
    pub specialties: Option<&'a [String]>,
    /// Code of a state and name of a city: `IL`, `Chicago`.
    pub place: Option<(&'a str, &'a str)>,
}

/// A provider at a facility.
#[derive(Clone, Debug, PartialEq)]
pub struct Practice {
    /// Who.
    pub provider: ProviderId,
    /// Given name and family name.
    pub name: String,
    /// What they practise, the main one first.
    pub specialties: Vec<String>,
    /// What patients say of them.
    pub rating: Rating,
    /// Where.
    pub facility: FacilityId,
    /// Its name.
    pub facility_name: String,
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
    /// Code of its state.
    pub state: String,
}

type Row = (ProviderId, String, Vec<String>, i64, Option<f64>, FacilityId, String, String, String, String);

/// Finds providers who work at a facility today, the best rated first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn find_practices(actor: &mut Actor<'_>, query: &PracticeQuery<'_>) -> Result<Vec<Practice>, CareError> {
    let (connection, token, failed) = actor.ask("finding who sees patients where")?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT provider_id, name, specialties, reviews, stars, facility_id, facility_name, street, city, state
         FROM api.find_practices($1, $2, $3, $4, $5)",
    )
    .bind(token)
    .bind(query.specialties)
    .bind(query.place.map(|(_, city)| city))
    .bind(query.place.map(|(state, _)| state))
    .bind(ROWS_MAX)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let practice =
        |(provider, name, specialties, reviews, stars, facility, facility_name, street, city, state): Row| {
            let rating = Rating { reviews, stars };
            Practice { provider, name, specialties, rating, facility, facility_name, street, city, state }
        };
    Ok(rows.into_iter().map(practice).collect())
}

/// Cities in which a facility stands: code of the state, name of the city.
///
/// # Errors
/// The database's.
pub async fn places(actor: &mut Actor<'_>) -> Result<Vec<(String, String)>, CareError> {
    let (connection, token, failed) = actor.ask("reading places")?;
    let query = sqlx::query_as("SELECT state, city FROM api.list_places($1)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}

/// Specialties that somebody practises.
///
/// # Errors
/// The database's.
pub async fn specialties(actor: &mut Actor<'_>) -> Result<Vec<String>, CareError> {
    let (connection, token, failed) = actor.ask("reading specialties")?;
    let query = sqlx::query_scalar("SELECT specialty FROM api.list_specialties($1)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}
