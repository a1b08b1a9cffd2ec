//! Kinds of visit, and when the rooms and equipment of a facility are taken.
//!
//! A kind says how long a visit is, for how long before and after it provider and resources are kept free, and what it
//! needs; `schedule::open_slots` and `schedule::hold` take its name, and the database chooses what is free
//! (`schemas/migrations/0522_book_by_type.sql`).

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, ResourceId, TelehealthRule};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A kind of visit that can be booked.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AppointmentType {
    /// Its stable word.
    pub appointment_type: String,
    /// A few words for a person.
    pub title: String,
    /// How long it is.
    pub minutes: i16,
    /// For how long before it provider and resources are kept free.
    pub before_minutes: i16,
    /// For how long after it provider and resources are kept free.
    pub after_minutes: i16,
    /// Whether it takes place by video.
    pub telehealth: TelehealthRule,
    /// True where a patient cannot book it.
    pub desk_only: bool,
    /// Specialties of which whoever gives it has one; none where anybody may.
    pub specialties: Vec<String>,
    /// Kinds of resources that it needs in person, each as often as it needs it.
    pub resources: Vec<String>,
}

/// Kinds of visit, by title.
///
/// # Errors
/// The database's.
pub async fn list(actor: &mut Actor<'_>) -> Result<Vec<AppointmentType>, CareError> {
    let (connection, token, failed) = actor.ask("listing kinds of visit")?;
    sqlx::query_as("SELECT * FROM api.list_appointment_types($1)")
        .bind(token)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// A room or piece of equipment, and a time at which it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSpell {
    /// Its key.
    pub resource: ResourceId,
    /// What kind: `room`, or a kind of equipment.
    pub kind: String,
    /// What stands on it.
    pub name: String,
    /// `held` or `out_of_service`; `None`, as all of the time, for one that is free throughout.
    pub state: Option<String>,
    /// From when on.
    pub start_at: Option<Timestamp>,
    /// Until when; `None` where nobody knows.
    pub end_at: Option<Timestamp>,
}

/// Rooms and equipment of the acting front desk's facility with their spells in [since, until), eight days at most;
/// never for whom. Nothing for anybody else.
///
/// # Errors
/// `resources_are_asked_within_bounds`, and the database's.
pub async fn resources(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<ResourceSpell>, CareError> {
    let (connection, token, failed) = actor.ask("reading when rooms and equipment are taken")?;
    let rows = sqlx::query("SELECT * FROM api.list_resources($1, $2, $3, $4)")
        .bind(token)
        .bind(facility)
        .bind(Moment(since))
        .bind(Moment(until))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let spell = |row: &PgRow| {
        Ok(ResourceSpell {
            resource: row.try_get("resource")?,
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            state: row.try_get("state")?,
            start_at: row.try_get::<Option<Moment>, _>("starts_at")?.map(|moment| moment.0),
            end_at: row.try_get::<Option<Moment>, _>("ends_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(spell).collect::<Result<_, _>>().map_err(failed)
}
