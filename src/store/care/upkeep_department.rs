//! What a facility has beside rooms and services, as its manager keeps it: departments, equipment, what it asks of
//! those who come, and of which further categories it is.
//!
//! An administrator of the network does the same at every facility.

use super::actor::Actor;
use super::error::CareError;
use super::upkeep::{Hours, split};
use crate::model::people::{AffiliationId, DepartmentId, EquipmentId, EquipmentOutageId, FacilityId, RoomId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A department.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DepartmentWords<'a> {
    /// Word of the list of kinds.
    pub kind: &'a str,
    /// Name, unique in its facility.
    pub name: &'a str,
    /// Telephone of its own.
    pub phone: Option<&'a str>,
    /// First day on which it is no more.
    pub closed_on: Option<Day>,
}

/// A piece of equipment that one appointment at a time can use.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct EquipmentWords<'a> {
    /// Word of the list of kinds of resources.
    pub kind: &'a str,
    /// Name, unique in its facility.
    pub name: &'a str,
    /// First day on which it is used.
    pub first_on: Day,
    /// Day before which it is used for the last time; `None` for no end.
    pub stop_on: Option<Day>,
}

/// What a facility asks of those who come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AttendancePolicy<'a> {
    /// How many hours before a visit it wants to hear of a cancellation.
    pub notice_hours: i32,
    /// After how many missed visits, and within how many days, only its desk books; `None` for never.
    pub no_shows: Option<(i32, i32)>,
    /// What is charged for a visit that was missed.
    pub charge_code: Option<&'a str>,
}

/// Adds a department, changes it if it still is the version that was read, or ends it; its key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_department(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    known: Option<(DepartmentId, i32)>,
    words: &DepartmentWords<'_>,
) -> Result<DepartmentId, CareError> {
    let (connection, token, failed) = actor.write("keeping a department").await?;
    sqlx::query_scalar("SELECT api.keep_department($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(facility)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(words.kind)
        .bind(words.name)
        .bind(words.phone)
        .bind(words.closed_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Sets the hours of a department on one weekday; with no hours at all those of its facility stand.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn set_department_hours(
    actor: &mut Actor<'_>,
    department: DepartmentId,
    weekday: i32,
    hours: &[Hours],
) -> Result<(), CareError> {
    let (opens, closes) = split(hours);
    let (connection, token, failed) = actor.write("setting hours of a department").await?;
    sqlx::query("SELECT api.set_department_hours($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(department)
        .bind(weekday)
        .bind(opens)
        .bind(closes)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says in which department of its facility a room is; `None` for none.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn place_room(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    room: RoomId,
    department: Option<DepartmentId>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("placing a room").await?;
    sqlx::query("SELECT api.place_room($1, $2, $3, $4)")
        .bind(token)
        .bind(facility)
        .bind(room)
        .bind(department)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says in which department of the facility somebody works; `None` for none.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, `affiliation_is_in_a_department_of_its_facility`, and the database's.
pub async fn place_affiliation(
    actor: &mut Actor<'_>,
    affiliation: AffiliationId,
    version: i32,
    department: Option<DepartmentId>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("placing an affiliation").await?;
    sqlx::query("SELECT api.place_affiliation($1, $2, $3, $4)")
        .bind(token)
        .bind(affiliation)
        .bind(version)
        .bind(department)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a piece of equipment, changes it if it still is the version that was read, or ends it; its key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_equipment(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    known: Option<(EquipmentId, i32)>,
    words: &EquipmentWords<'_>,
) -> Result<EquipmentId, CareError> {
    let (connection, token, failed) = actor.write("keeping equipment").await?;
    sqlx::query_scalar("SELECT api.keep_equipment($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(facility)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(words.kind)
        .bind(words.name)
        .bind(words.first_on)
        .bind(words.stop_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says from when until when a piece of equipment is out of service, and why; `None` where nobody knows the end; its
/// key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_outage(
    actor: &mut Actor<'_>,
    equipment: EquipmentId,
    known: Option<(EquipmentOutageId, i32)>,
    during: (Timestamp, Option<Timestamp>),
    reason: &str,
) -> Result<EquipmentOutageId, CareError> {
    let (connection, token, failed) = actor.write("keeping an outage").await?;
    sqlx::query_scalar("SELECT api.keep_outage($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(equipment)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(Moment(during.0))
        .bind(during.1.map(Moment))
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says what a facility asks of those who come.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `attendance_policy_limit_is_within_days`, and the database's.
pub async fn set_attendance_policy(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    policy: &AttendancePolicy<'_>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting an attendance policy").await?;
    sqlx::query("SELECT api.set_attendance_policy($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(facility)
        .bind(policy.notice_hours)
        .bind(policy.no_shows.map(|limit| limit.0))
        .bind(policy.no_shows.map(|limit| limit.1))
        .bind(policy.charge_code)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says that a facility is of a category beside its main one, or is not any more.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `facility_is_of_its_main_category`, and the database's.
pub async fn set_facility_category(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    category: &str,
    offered: bool,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting a category of a facility").await?;
    sqlx::query("SELECT api.set_facility_category($1, $2, $3, $4)")
        .bind(token)
        .bind(facility)
        .bind(category)
        .bind(offered)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
