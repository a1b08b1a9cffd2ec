//! Who works at a facility and when they see patients, as its manager keeps it.

use super::actor::Actor;
use super::error::CareError;
use super::upkeep::Hours;
use crate::model::people::{AffiliationId, AvailabilityExceptionId, AvailabilityId, FacilityId, ProviderId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// Who works at a facility: a provider of the network, or somebody else by name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Staff<'a> {
    /// A provider of the network.
    Provider(ProviderId),
    /// Somebody else.
    Named(&'a str),
}

/// Hours of a weekday in which a provider sees patients.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Surgery {
    /// Weekday by ISO 8601: 1 is Monday.
    pub weekday: i32,
    /// From and until which minute after midnight.
    pub hours: Hours,
    /// For how many hours before they are kept for members with priority; `None` for none.
    pub reserved_hours: Option<i32>,
    /// First day.
    pub first_on: Day,
    /// Day before which they end; `None` for no end.
    pub stop_on: Option<Day>,
}

/// What an exception is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// The provider is away.
    Off,
    /// The provider works longer.
    Extra,
}

impl ExceptionKind {
    fn word(self) -> &'static str {
        match self {
            ExceptionKind::Off => "off",
            ExceptionKind::Extra => "extra",
        }
    }
}

/// Names somebody who works at a facility, as what, from when and until before which day; the key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `affiliation_does_not_overlap`, and the database's.
pub async fn add_affiliation(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    who: Staff<'_>,
    role: &str,
    during: (Day, Option<Day>),
) -> Result<AffiliationId, CareError> {
    let (connection, token, failed) = actor.write("adding to the staff of a facility").await?;
    sqlx::query_scalar("SELECT api.add_affiliation($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(facility)
        .bind(if let Staff::Provider(provider) = who { Some(provider) } else { None })
        .bind(if let Staff::Named(name) = who { Some(name) } else { None })
        .bind(role)
        .bind(during.0)
        .bind(during.1)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day somebody does not work there any more.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_affiliation(
    actor: &mut Actor<'_>,
    affiliation: AffiliationId,
    version: i32,
    stop_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending an affiliation").await?;
    sqlx::query("SELECT api.end_affiliation($1, $2, $3, $4)")
        .bind(token)
        .bind(affiliation)
        .bind(version)
        .bind(stop_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds hours in which a provider sees patients at a facility; the key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `availability_does_not_overlap`, and the database's.
pub async fn add_availability(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    provider: ProviderId,
    surgery: &Surgery,
) -> Result<AvailabilityId, CareError> {
    let (connection, token, failed) = actor.write("adding availability").await?;
    sqlx::query_scalar("SELECT api.add_availability($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(token)
        .bind(facility)
        .bind(provider)
        .bind(surgery.weekday)
        .bind(surgery.hours.0)
        .bind(surgery.hours.1)
        .bind(surgery.reserved_hours)
        .bind(surgery.first_on)
        .bind(surgery.stop_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day hours of a provider do not stand any more.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_availability(
    actor: &mut Actor<'_>,
    availability: AvailabilityId,
    version: i32,
    stop_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending availability").await?;
    sqlx::query("SELECT api.end_availability($1, $2, $3, $4)")
        .bind(token)
        .bind(availability)
        .bind(version)
        .bind(stop_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says when a provider is away from a facility or works longer there; away from everywhere, an administrator alone;
/// the key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `availability_exception_does_not_overlap`, and the database's.
pub async fn add_exception(
    actor: &mut Actor<'_>,
    facility: Option<FacilityId>,
    provider: ProviderId,
    kind: ExceptionKind,
    during: (Timestamp, Timestamp),
) -> Result<AvailabilityExceptionId, CareError> {
    let (connection, token, failed) = actor.write("adding an exception").await?;
    sqlx::query_scalar("SELECT api.add_exception($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(facility)
        .bind(provider)
        .bind(kind.word())
        .bind(Moment(during.0))
        .bind(Moment(during.1))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Takes back an exception that has not begun yet.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, and the database's.
pub async fn drop_exception(actor: &mut Actor<'_>, exception: AvailabilityExceptionId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("dropping an exception").await?;
    sqlx::query("SELECT api.drop_exception($1, $2)")
        .bind(token)
        .bind(exception)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
