//! The network, as its administrators keep it: places and providers.
//!
//! Who administers the network reads no chart, no bill and no visit. What providers may: `credential`.

use super::actor::Actor;
use super::error::CareError;
use super::upkeep::FacilityWords;
use crate::model::people::{FacilityId, ProviderId};
use crate::model::time::Day;

/// Where a facility is, and what it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NewFacility<'a> {
    /// Country by ISO 3166-1, and state by ISO 3166-2 without the country.
    pub state: (&'a str, &'a str),
    /// Name of the city; added where it is new.
    pub city: &'a str,
    /// Category, by its word.
    pub category: &'a str,
    /// Zone of its hours, by its IANA name.
    pub time_zone: &'a str,
    /// First day.
    pub opened_on: Option<Day>,
    /// What it is called, and how it is reached.
    pub words: FacilityWords<'a>,
}

/// What is known of a provider.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ProviderWords<'a> {
    /// Family name.
    pub family: &'a str,
    /// Given name.
    pub given: &'a str,
    /// National provider identifier (United States).
    pub npi: Option<&'a str>,
    /// Telephone at work.
    pub phone: Option<&'a str>,
    /// Electronic mail at work.
    pub email: &'a str,
    /// Languages by ISO 639-1.
    pub languages: &'a [&'a str],
}

/// What the directory says of a provider.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ProviderEntry {
    /// Key.
    pub provider_id: ProviderId,
    /// To be given where it is changed.
    pub version: i32,
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// National provider identifier (United States).
    pub npi: Option<String>,
    /// Telephone at work.
    pub phone: Option<String>,
    /// Electronic mail at work.
    pub email: String,
    /// Languages by ISO 639-1.
    pub languages: Vec<String>,
    /// First day on which no care is given any more.
    pub retired_on: Option<Day>,
}

/// What the directory says of a provider; `None` where there is none.
///
/// # Errors
/// The database's.
pub async fn read_provider(actor: &mut Actor<'_>, provider: ProviderId) -> Result<Option<ProviderEntry>, CareError> {
    let (connection, token, failed) = actor.ask("reading a provider")?;
    sqlx::query_as("SELECT * FROM api.read_provider($1, $2)")
        .bind(token)
        .bind(provider)
        .fetch_optional(connection)
        .await
        .map_err(failed)
}

/// Adds a state: its country by ISO 3166-1, its code by ISO 3166-2 without the country, its name.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn add_state(actor: &mut Actor<'_>, country: &str, code: &str, name: &str) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("adding a state").await?;
    sqlx::query("SELECT api.add_state($1, $2, $3, $4)")
        .bind(token)
        .bind(country)
        .bind(code)
        .bind(name)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a facility; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `facility_name_is_unique_in_its_city`, and the database's.
pub async fn add_facility(actor: &mut Actor<'_>, new: &NewFacility<'_>) -> Result<FacilityId, CareError> {
    let (connection, token, failed) = actor.write("adding a facility").await?;
    sqlx::query_scalar("SELECT api.add_facility($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
        .bind(token)
        .bind(new.state.0)
        .bind(new.state.1)
        .bind(new.city)
        .bind(new.category)
        .bind(new.words.name)
        .bind(new.words.street)
        .bind(new.words.postal_code)
        .bind(new.time_zone)
        .bind(new.words.phone)
        .bind(new.words.email)
        .bind(new.words.website)
        .bind(new.words.booking_url)
        .bind(new.opened_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day a facility is no more, or (`None`) that it stays; of about how many visits its desk
/// is told, to five, `None` below 11.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn close_facility(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    version: i32,
    closed_on: Option<Day>,
) -> Result<Option<i32>, CareError> {
    let (connection, token, failed) = actor.write("closing a facility").await?;
    sqlx::query_scalar("SELECT api.close_facility($1, $2, $3, $4)")
        .bind(token)
        .bind(facility)
        .bind(version)
        .bind(closed_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Adds a provider, or changes what is known of one if it still is the version that was read; the key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_provider(
    actor: &mut Actor<'_>,
    known: Option<(ProviderId, i32)>,
    words: &ProviderWords<'_>,
) -> Result<ProviderId, CareError> {
    let (connection, token, failed) = actor.write("keeping a provider").await?;
    sqlx::query_scalar("SELECT api.keep_provider($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(token)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(words.family)
        .bind(words.given)
        .bind(words.npi)
        .bind(words.phone)
        .bind(words.email)
        .bind(words.languages)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says from which day on a provider gives no care, or (`None`) that care goes on; of about how many visits
/// desks are told, to five, `None` below 11.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn retire_provider(
    actor: &mut Actor<'_>,
    provider: ProviderId,
    version: i32,
    retired_on: Option<Day>,
) -> Result<Option<i32>, CareError> {
    let (connection, token, failed) = actor.write("retiring a provider").await?;
    sqlx::query_scalar("SELECT api.retire_provider($1, $2, $3, $4)")
        .bind(token)
        .bind(provider)
        .bind(version)
        .bind(retired_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
