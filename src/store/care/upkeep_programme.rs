//! Wellness programmes and their sessions, as the manager of their facility keeps them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, ProgrammeId, ProgrammeSessionId, ProviderId, RoomId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A programme.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ProgrammeWords<'a> {
    /// Facility that runs it; `None` for the whole network, by an administrator.
    pub facility: Option<FacilityId>,
    /// Who leads it.
    pub provider: Option<ProviderId>,
    /// What it is about, in one word.
    pub topic: &'a str,
    /// Name.
    pub title: &'a str,
    /// What it is.
    pub description: &'a str,
    /// Seats.
    pub capacity: i32,
    /// Sessions that complete it.
    pub sessions_needed: i32,
    /// From and until when it can be asked for.
    pub enrolment: (Timestamp, Timestamp),
    /// First day, and the day before which it ends.
    pub days: (Day, Day),
}

/// A session of a programme.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SessionWords<'a> {
    /// Where; `None` for one by video.
    pub facility: Option<FacilityId>,
    /// In which room.
    pub room: Option<RoomId>,
    /// Who leads it.
    pub provider: Option<ProviderId>,
    /// Name.
    pub title: &'a str,
    /// From and until when.
    pub during: (Timestamp, Timestamp),
}

/// Adds a programme, or changes one if it still is the version that was read; its key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep(
    actor: &mut Actor<'_>,
    known: Option<(ProgrammeId, i32)>,
    words: &ProgrammeWords<'_>,
) -> Result<ProgrammeId, CareError> {
    let (connection, token, failed) = actor.write("keeping a programme").await?;
    sqlx::query_scalar("SELECT api.keep_programme($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
        .bind(token)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(words.facility)
        .bind(words.provider)
        .bind(words.topic)
        .bind(words.title)
        .bind(words.description)
        .bind(words.capacity)
        .bind(words.sessions_needed)
        .bind(Moment(words.enrolment.0))
        .bind(Moment(words.enrolment.1))
        .bind(words.days.0)
        .bind(words.days.1)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Adds a session to a programme; its key.
///
/// # Errors
/// `row_is_within_rights`, and the database's.
pub async fn add_session(
    actor: &mut Actor<'_>,
    programme: ProgrammeId,
    words: &SessionWords<'_>,
) -> Result<ProgrammeSessionId, CareError> {
    let (connection, token, failed) = actor.write("adding a session of a programme").await?;
    sqlx::query_scalar("SELECT api.add_programme_session($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(programme)
        .bind(words.facility)
        .bind(words.room)
        .bind(words.provider)
        .bind(words.title)
        .bind(Moment(words.during.0))
        .bind(Moment(words.during.1))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Cancels a session, if it still is the version that was read.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, and the database's.
pub async fn cancel_session(actor: &mut Actor<'_>, session: ProgrammeSessionId, version: i32) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("cancelling a session of a programme").await?;
    sqlx::query("SELECT api.cancel_programme_session($1, $2, $3)")
        .bind(token)
        .bind(session)
        .bind(version)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A session of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTime {
    /// Which.
    pub session: ProgrammeSessionId,
    /// Title of its programme.
    pub programme: String,
    /// When it begins and ends.
    pub during: (Timestamp, Timestamp),
}

/// Sessions of the programmes of a facility that are not over, the next first, 5000 at most.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn sessions(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<SessionTime>, CareError> {
    let (connection, token, failed) = actor.ask("listing sessions of programmes")?;
    type Row = (ProgrammeSessionId, String, Moment, Moment);
    let query = sqlx::query_as("SELECT * FROM api.list_programme_sessions($1, $2)").bind(token).bind(facility);
    let rows: Vec<Row> = query.fetch_all(connection).await.map_err(failed)?;
    let time = |(session, programme, Moment(starts_at), Moment(ends_at))| SessionTime {
        session,
        programme,
        during: (starts_at, ends_at),
    };
    Ok(rows.into_iter().map(time).collect())
}
