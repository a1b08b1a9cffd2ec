//! A facility, as its manager keeps it: description, hours, services; and how many come.
//!
//! An administrator of the network does the same at every facility. Its staff: `upkeep_staff`.

use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, FacilityServiceId, RoomId};
use crate::model::time::Day;

/// What a facility is called, and how it is reached.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FacilityWords<'a> {
    /// Name, unique in its city.
    pub name: &'a str,
    /// Street and number.
    pub street: &'a str,
    /// Postal code.
    pub postal_code: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// Electronic mail.
    pub email: Option<&'a str>,
    /// Its page.
    pub website: Option<&'a str>,
    /// Where appointments are made.
    pub booking_url: Option<&'a str>,
}

/// Hours of a day, in minutes after midnight: when it opens, and the minute at which it is closed.
pub type Hours = (i32, i32);

/// A service that a facility offers.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// Word of the list of services; `None` where none fits.
    pub service: Option<&'a str>,
    /// A name of its own.
    pub name: Option<&'a str>,
    /// A sentence about it.
    pub detail: Option<&'a str>,
    /// How long it takes.
    pub duration_minutes: Option<i32>,
    /// How many at once.
    pub capacity: Option<i32>,
}

/// How many visits a day of a facility has.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct DayCount {
    /// The facility's own day.
    pub day: Day,
    /// Booked, or begun.
    pub booked: i64,
    /// Completed.
    pub completed: i64,
    /// Cancelled.
    pub cancelled: i64,
    /// Nobody came.
    pub missed: i64,
}

/// What the directory says of a facility.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FacilityEntry {
    /// Key.
    pub facility_id: FacilityId,
    /// To be given where it is changed.
    pub version: i32,
    /// Category.
    pub category: String,
    /// Name.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Postal code.
    pub postal_code: String,
    /// Zone of its hours.
    pub time_zone: String,
    /// Telephone.
    pub phone: String,
    /// Electronic mail.
    pub email: Option<String>,
    /// Its page.
    pub website: Option<String>,
    /// Where appointments are made.
    pub booking_url: Option<String>,
    /// First day.
    pub opened_on: Option<Day>,
    /// First day on which it is no more.
    pub closed_on: Option<Day>,
}

/// A row that stands at a facility.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct KeptRow {
    /// What it is, by the name of its table: `affiliation`.
    pub relation: String,
    /// Key.
    pub row_id: Uuid,
    /// To be given where it is changed.
    pub version: i32,
    /// A few words for a person.
    pub title: String,
}

/// Opening and closing minutes, as two lists of one length.
pub(super) fn split(hours: &[Hours]) -> (Vec<i32>, Vec<i32>) {
    hours.iter().copied().unzip()
}

/// Says anew what a facility is called and how it is reached, if it still is the version that was read.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn change_facility(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    version: i32,
    words: &FacilityWords<'_>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("changing a facility").await?;
    sqlx::query("SELECT api.change_facility($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(token)
        .bind(facility)
        .bind(version)
        .bind(words.name)
        .bind(words.street)
        .bind(words.postal_code)
        .bind(words.phone)
        .bind(words.email)
        .bind(words.website)
        .bind(words.booking_url)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a room, or names one anew; its key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_room(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    room: Option<RoomId>,
    name: &str,
) -> Result<RoomId, CareError> {
    let (connection, token, failed) = actor.write("keeping a room").await?;
    sqlx::query_scalar("SELECT api.keep_room($1, $2, $3, $4)")
        .bind(token)
        .bind(facility)
        .bind(room)
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Sets the hours of one weekday; none for a day on which the facility is closed.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn set_opening_hours(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    weekday: i32,
    hours: &[Hours],
) -> Result<(), CareError> {
    let (opens, closes) = split(hours);
    let (connection, token, failed) = actor.write("setting opening hours").await?;
    sqlx::query("SELECT api.set_opening_hours($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(facility)
        .bind(weekday)
        .bind(opens)
        .bind(closes)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Sets the hours of one date, which stand instead of the weekday's; none for a day on which it is closed.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn set_special_day(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    falls_on: Day,
    title: &str,
    hours: &[Hours],
) -> Result<(), CareError> {
    let (opens, closes) = split(hours);
    let (connection, token, failed) = actor.write("setting a special day").await?;
    sqlx::query("SELECT api.set_special_day($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(facility)
        .bind(falls_on)
        .bind(title)
        .bind(opens)
        .bind(closes)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Lets the hours of the weekday stand on a date again.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn clear_special_day(actor: &mut Actor<'_>, facility: FacilityId, falls_on: Day) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("clearing a special day").await?;
    sqlx::query("SELECT api.clear_special_day($1, $2, $3)")
        .bind(token)
        .bind(facility)
        .bind(falls_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Offers a service, or describes it anew; its key.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn offer_service(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    offer: &Offer<'_>,
) -> Result<FacilityServiceId, CareError> {
    let (connection, token, failed) = actor.write("offering a service").await?;
    sqlx::query_scalar("SELECT api.offer_service($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(facility)
        .bind(offer.service)
        .bind(offer.name)
        .bind(offer.detail)
        .bind(offer.duration_minutes)
        .bind(offer.capacity)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says from which day on a service is not offered any more.
///
/// # Errors
/// `row_is_changed_as_it_was_read`, and the database's.
pub async fn withdraw_service(
    actor: &mut Actor<'_>,
    service: FacilityServiceId,
    version: i32,
    withdrawn_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("withdrawing a service").await?;
    sqlx::query("SELECT api.withdraw_service($1, $2, $3, $4)")
        .bind(token)
        .bind(service)
        .bind(version)
        .bind(withdrawn_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What the directory says of a facility; `None` where there is none.
///
/// # Errors
/// The database's.
pub async fn read_facility(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Option<FacilityEntry>, CareError> {
    let (connection, token, failed) = actor.ask("reading a facility")?;
    sqlx::query_as("SELECT * FROM api.read_facility($1, $2)")
        .bind(token)
        .bind(facility)
        .fetch_optional(connection)
        .await
        .map_err(failed)
}

/// What stands at a facility and is kept there; 5000 at most.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn list_kept(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<KeptRow>, CareError> {
    let (connection, token, failed) = actor.ask("listing what is kept at a facility")?;
    sqlx::query_as("SELECT * FROM api.list_kept($1, $2)")
        .bind(token)
        .bind(facility)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// How many visits the days of the own facility have, `stop_on` not included; 400 days at most.
///
/// # Errors
/// `days_are_counted_for_the_manager`, `days_are_counted_within_bounds`, and the database's.
pub async fn count_days(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    first_on: Day,
    stop_on: Day,
) -> Result<Vec<DayCount>, CareError> {
    let Some(look) = actor.look(None, "day_counts", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting the visits of a facility")?;
    sqlx::query_as("SELECT * FROM api.count_days($1, $2, NULL, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .bind(first_on)
        .bind(stop_on)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
