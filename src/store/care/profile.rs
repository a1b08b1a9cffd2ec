//! The account that acts: who that is, where else it is signed in, and who looked at its record.

use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use super::oversight::EventPlace;
use crate::model::people::{FacilityId, PatientId, ProviderId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name to sign in by.
    pub login: String,
    /// Who that is: a person, a facility, else the login.
    pub name: String,
    /// Where its days begin: `America/Chicago`.
    pub time_zone: String,
    /// The patient whose account it is; `None` for every other part.
    pub patient_id: Option<PatientId>,
    /// When the session last proved whose it is.
    pub confirmed_at: Timestamp,
}

/// Who acts.
///
/// # Errors
/// The database's.
pub async fn read(actor: &mut Actor<'_>) -> Result<Profile, CareError> {
    let (connection, token, failed) = actor.ask("reading a profile")?;
    let query = "SELECT login, name, time_zone, patient_id, confirmed_at FROM api.read_profile($1)";
    let (login, name, time_zone, patient_id, confirmed_at): (String, String, String, Option<PatientId>, Moment) =
        sqlx::query_as(query).bind(token).fetch_one(connection).await.map_err(failed)?;
    Ok(Profile { login, name, time_zone, patient_id, confirmed_at: confirmed_at.0 })
}

/// The facility that the acting account works for; `None` for a part without one.
///
/// # Errors
/// The database's.
pub async fn own_facility(actor: &mut Actor<'_>) -> Result<Option<FacilityId>, CareError> {
    let (connection, token, failed) = actor.ask("reading an account's facility")?;
    let query = sqlx::query_scalar("SELECT facility_id FROM api.read_account($1)");
    query.bind(token).fetch_one(connection).await.map_err(failed)
}

/// A session that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Key.
    pub session: Uuid,
    /// When the account signed in.
    pub began_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, unless it is used.
    pub ends_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

type SessionRow = (Uuid, Moment, Moment, Moment, bool);

/// The acting account's sessions that stand, the newest first.
///
/// # Errors
/// The database's.
pub async fn sessions(actor: &mut Actor<'_>) -> Result<Vec<OwnSession>, CareError> {
    let (connection, token, failed) = actor.ask("listing sessions")?;
    let query = "SELECT session, began_at, seen_at, ends_at, is_this FROM api.list_sessions($1)";
    let rows: Vec<SessionRow> = sqlx::query_as(query).bind(token).fetch_all(connection).await.map_err(failed)?;
    let session = |(session, began_at, seen_at, ends_at, is_this): SessionRow| OwnSession {
        session,
        began_at: began_at.0,
        seen_at: seen_at.0,
        ends_at: ends_at.0,
        is_this,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// The provider whose account acts; `None` for every other part.
///
/// # Errors
/// The database's.
pub async fn own_provider(actor: &mut Actor<'_>) -> Result<Option<ProviderId>, CareError> {
    let (connection, token, failed) = actor.ask("reading who acts")?;
    sqlx::query_scalar("SELECT api.read_own_provider($1)").bind(token).fetch_one(connection).await.map_err(failed)
}

/// Ends one of the acting account's sessions.
///
/// # Errors
/// `session_to_end_stands`, and the database's.
pub async fn end_session(actor: &mut Actor<'_>, session: Uuid) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a session").await?;
    let query = sqlx::query("SELECT api.end_session($1, $2)").bind(token).bind(session);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Ends the session that asks.
///
/// # Errors
/// The database's.
pub async fn sign_out(actor: &mut Actor<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("signing out").await?;
    sqlx::query("SELECT api.sign_out($1)").bind(token).execute(connection).await.map(drop).map_err(failed)
}

/// Something that somebody else did with the acting patient's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEvent {
    /// Where it stands among events.
    pub place: EventPlace,
    /// Who, by name; `None` where that is not told.
    pub who: Option<String>,
    /// In which part.
    pub part: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: String,
    /// Whether it was allowed.
    pub outcome: String,
    /// Why it was open.
    pub reason: Option<String>,
}

type AccessRow = (i16, i64, Moment, Option<String>, String, String, String, String, Option<String>);

/// What others did with the acting patient's record, the newest first after a place, so many and 200 at most.
///
/// # Errors
/// The database's.
pub async fn looks_of_others(
    actor: &mut Actor<'_>,
    after: Option<EventPlace>,
    rows_max: u16,
) -> Result<Vec<AccessEvent>, CareError> {
    let (connection, token, failed) = actor.ask("reading who looked at a record")?;
    let rows: Vec<AccessRow> = sqlx::query_as(
        "SELECT chain, seq, at, who, part, action, resource, outcome, reason
         FROM api.list_looks_of_others($1, $2, $3, $4, $5)",
    )
    .bind(token)
    .bind(after.map(|place| Moment(place.at)))
    .bind(after.map(|place| place.chain))
    .bind(after.map(|place| place.seq))
    .bind(i32::from(rows_max))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let event = |(chain, seq, Moment(at), who, part, action, resource, outcome, reason): AccessRow| AccessEvent {
        place: EventPlace { at, chain, seq },
        who,
        part,
        action,
        resource,
        outcome,
        reason,
    };
    Ok(rows.into_iter().map(event).collect())
}
