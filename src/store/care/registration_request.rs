//! Who asks to be registered: taken from whoever comes, read and decided by the desk of the facility that was chosen.
//!
//! Nothing of it is compared with who is known: the desk does that, as for everybody who stands before it.

use sqlx::types::Json;
use uuid::Uuid;

use super::actor::Actor;
use super::context::SignIn;
use super::error::CareError;
use crate::model::people::FacilityId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What somebody wrote, as it was written: what of it is a birth or a number of a telephone, the desk sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub struct AskingPerson {
    /// Given names, with spaces between them.
    pub given: String,
    /// Family name.
    pub family: String,
    /// Birth, as far as it is known.
    pub born_on: String,
    /// Administrative gender.
    pub sex: String,
    /// Telephone.
    pub phone: String,
    /// Email.
    pub email: String,
    /// In which language the person is best spoken to.
    pub speaks: String,
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationRequest {
    /// Its key.
    pub request: Uuid,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
    /// What was written.
    pub person: AskingPerson,
}

/// Cities in which somebody can ask: the state's code and the name.
///
/// # Errors
/// The database's.
pub async fn places(sign_in: &mut SignIn<'_>) -> Result<Vec<(String, String)>, CareError> {
    let (connection, failed) = sign_in.step("listing where people are registered");
    let query = sqlx::query_as("SELECT state, city FROM access.list_registering(NULL, NULL)");
    query.fetch_all(connection).await.map_err(failed)
}

/// Facilities of a city that somebody can ask: key and name.
///
/// # Errors
/// The database's.
pub async fn facilities(
    sign_in: &mut SignIn<'_>,
    (state, city): (&str, &str),
) -> Result<Vec<(FacilityId, String)>, CareError> {
    let (connection, failed) = sign_in.step("listing facilities that register people");
    let query = sqlx::query_as("SELECT facility, name FROM access.list_registering($1, $2)").bind(state).bind(city);
    query.fetch_all(connection).await.map_err(failed)
}

/// Keeps a request, once for its key; 0, else the seconds to wait.
///
/// # Errors
/// `registration_is_at_an_open_facility`, `registration_request_is_small`, and the database's.
pub async fn ask(
    sign_in: &mut SignIn<'_>,
    (request, address): (Uuid, &str),
    facility: FacilityId,
    person: &AskingPerson,
) -> Result<i32, CareError> {
    let (connection, failed) = sign_in.step("asking to be registered");
    sqlx::query_scalar("SELECT access.ask_for_registration($1, $2, $3, $4)")
        .bind(request)
        .bind(facility)
        .bind(Json(person))
        .bind(address)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Requests at the facilities of the acting desk, the oldest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn waiting(actor: &mut Actor<'_>) -> Result<Vec<RegistrationRequest>, CareError> {
    let Some(look) = actor.look(None, "registrations", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading requests to be registered")?;
    let rows: Vec<(Uuid, Moment, Moment, Json<AskingPerson>)> =
        sqlx::query_as("SELECT request, asked_at, expires_at, person FROM api.read_registrations($1, $2, NULL)")
            .bind(token)
            .bind(look)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let request = |(request, asked_at, expires_at, person): (Uuid, Moment, Moment, Json<AskingPerson>)| {
        RegistrationRequest { request, asked_at: asked_at.0, expires_at: expires_at.0, person: person.0 }
    };
    Ok(rows.into_iter().map(request).collect())
}

/// Ends a request: its person was registered, or is not. Before what is written of the person, so that of two desks the
/// second writes nothing.
///
/// # Errors
/// `registration_is_undecided`, and the database's.
pub async fn end(actor: &mut Actor<'_>, request: Uuid, registered: bool) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a request to be registered").await?;
    let query = sqlx::query("SELECT api.end_registration($1, $2, $3)").bind(token).bind(request).bind(registered);
    query.execute(connection).await.map_err(failed)?;
    Ok(())
}
