//! The desk: where an account works, who comes when with whom, and who waits for a time.
//!
//! A provider asks the same of the own visits. What is done with a visit stands in `schedule` and `attendance`.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AppointmentId, AppointmentStatus, BirthDate, FacilityId, PatientId, ProviderId, VisitMode, WaitlistEntryId,
};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Family name, where there is one, and given names; `None` where the account may not see them.
pub type SeenName = Option<(Option<String>, Vec<String>)>;

/// A facility that the account works for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Workplace {
    /// Key.
    pub facility: FacilityId,
    /// Its name.
    pub name: String,
    /// Where its days begin: `America/Chicago`.
    pub time_zone: String,
}

/// Facilities that the acting account works for, or at which the acting provider works today, by name.
///
/// # Errors
/// The database's.
pub async fn workplaces(actor: &mut Actor<'_>) -> Result<Vec<Workplace>, CareError> {
    let (connection, token, failed) = actor.ask("listing workplaces")?;
    sqlx::query_as("SELECT facility, name, time_zone FROM api.list_workplaces($1)")
        .bind(token)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// A visit of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledVisit {
    /// Which.
    pub appointment: AppointmentId,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// How it stands.
    pub status: AppointmentStatus,
    /// How the patient comes.
    pub mode: VisitMode,
    /// Who comes.
    pub patient: PatientId,
    /// By name.
    pub name: SeenName,
    /// With whom.
    pub provider: ProviderId,
    /// By name.
    pub provider_name: String,
    /// Where.
    pub facility: FacilityId,
    /// Names of the rooms, then of the equipment, that it holds.
    pub resources: Vec<String>,
    /// Of which kind, in a few words; `None` where nobody said.
    pub kind: Option<String>,
    /// Why, in the patient's words.
    pub reason: Option<String>,
}

/// Visits of the acting provider, or at the facility of the acting desk, that begin in [since, until): eight days and
/// 2,000 at most.
///
/// # Errors
/// `day_is_asked_within_bounds`, and the database's.
pub async fn visits(
    actor: &mut Actor<'_>,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<ScheduledVisit>, CareError> {
    read(actor, Some((since, until)), None).await
}

/// One of those, whenever it is; `None` where there is none. It is given once the patient whose it is can see who
/// looked.
///
/// # Errors
/// The database's.
pub async fn visit(actor: &mut Actor<'_>, appointment: AppointmentId) -> Result<Option<ScheduledVisit>, CareError> {
    let Some(found) = read(actor, None, Some(appointment)).await?.pop() else { return Ok(None) };
    let look = actor.look(Some(found.patient), "appointments", None).await?;
    Ok(look.map(|_| found))
}

async fn read(
    actor: &mut Actor<'_>,
    time: Option<(Timestamp, Timestamp)>,
    appointment: Option<AppointmentId>,
) -> Result<Vec<ScheduledVisit>, CareError> {
    let Some(look) = actor.look(None, "day", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a schedule")?;
    let rows = sqlx::query("SELECT * FROM api.read_schedule($1, $2, NULL, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(time.map(|(since, _)| Moment(since)))
        .bind(time.map(|(_, until)| Moment(until)))
        .bind(appointment)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(scheduled).collect::<Result<_, _>>().map_err(failed)
}

fn scheduled(row: &PgRow) -> Result<ScheduledVisit, sqlx::Error> {
    Ok(ScheduledVisit {
        appointment: row.try_get("appointment_id")?,
        start_at: row.try_get::<Moment, _>("starts_at")?.0,
        end_at: row.try_get::<Moment, _>("ends_at")?.0,
        status: row.try_get("status")?,
        mode: row.try_get("mode")?,
        patient: row.try_get("patient_id")?,
        name: name(row)?,
        provider: row.try_get("provider_id")?,
        provider_name: row.try_get("provider_name")?,
        facility: row.try_get("facility_id")?,
        resources: row.try_get("resources")?,
        kind: row.try_get("appointment_type")?,
        reason: row.try_get("reason")?,
    })
}

fn name(row: &PgRow) -> Result<SeenName, sqlx::Error> {
    let given: Option<Vec<String>> = row.try_get("given")?;
    let family = row.try_get("family")?;
    Ok(given.map(|given| (family, given)))
}

/// For whom a desk books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskPerson {
    /// Family name, where there is one, and given names.
    pub name: SeenName,
    /// Birth, as far as it is known.
    pub born_on: Option<BirthDate>,
    /// Where the person lives.
    pub town: Option<String>,
}

/// For whom the acting desk books: a patient who has a visit or waits there, or whom the account registered or found
/// within a day; `None` for anybody else.
///
/// # Errors
/// The database's.
pub async fn person(actor: &mut Actor<'_>, patient: PatientId) -> Result<Option<DeskPerson>, CareError> {
    let Some(look) = actor.look(Some(patient), "desk_person", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading for whom a desk books")?;
    let query = sqlx::query("SELECT * FROM api.read_desk_person($1, $2, $3)").bind(token).bind(look).bind(patient);
    let row = query.fetch_optional(connection).await.map_err(&failed)?;
    let person =
        |row: &PgRow| Ok(DeskPerson { name: name(row)?, born_on: row.try_get("born_on")?, town: row.try_get("town")? });
    row.as_ref().map(person).transpose().map_err(failed)
}

/// Somebody who waits for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which entry.
    pub entry: WaitlistEntryId,
    /// Who waits.
    pub patient: PatientId,
    /// By name.
    pub name: SeenName,
    /// For whom, by name; `None` for anybody there.
    pub provider_name: Option<String>,
    /// How long a visit.
    pub minutes: i32,
    /// How they meet.
    pub mode: VisitMode,
    /// Not before this moment.
    pub since: Timestamp,
    /// Over by this moment.
    pub until: Timestamp,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Who waits for a time at the facility of the acting desk, in their order, 200 at most.
///
/// # Errors
/// The database's.
pub async fn waiting(actor: &mut Actor<'_>) -> Result<Vec<Waiting>, CareError> {
    let Some(look) = actor.look(None, "day", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading who waits")?;
    let query = sqlx::query("SELECT * FROM api.read_waiting($1, $2, NULL)").bind(token).bind(look);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    let waiting = |row: &PgRow| {
        Ok(Waiting {
            entry: row.try_get("entry")?,
            patient: row.try_get("patient_id")?,
            name: name(row)?,
            provider_name: row.try_get("provider_name")?,
            minutes: row.try_get("minutes")?,
            mode: row.try_get("mode")?,
            since: row.try_get::<Moment, _>("since")?.0,
            until: row.try_get::<Moment, _>("until")?.0,
            joined_at: row.try_get::<Moment, _>("joined_at")?.0,
        })
    };
    rows.iter().map(waiting).collect::<Result<_, _>>().map_err(failed)
}
