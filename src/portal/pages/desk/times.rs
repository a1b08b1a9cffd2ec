//! Days in a zone, open times and names, as pages of the desk show them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use crate::model::people::{FacilityId, ProviderId};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::page_error::PageError;
use crate::portal::shown::{formatted, list_name};
use crate::portal::words::desk::DESK;
use crate::store::care::actor::Actor;
use crate::store::care::desk::{SeenName, Workplace, workplaces};
use crate::store::care::directory::{ProviderQuery, find_providers};
use crate::store::care::schedule::Slot;

/// How many days are searched for an open time.
pub(super) const DAYS_SEARCHED: i64 = 7;

/// The date at a moment in a zone.
pub(super) fn date_of(at: Timestamp, zone: &TimeZone) -> Result<Date, PageError> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).map_err(|_| PageError::NotFound)?;
    Ok(at.to_zoned_datetime(zone.clone()).date())
}

/// Some days from a date, as moments of a zone.
pub(super) fn span(first: Date, days: i64, zone: &TimeZone) -> Result<(Timestamp, Timestamp), PageError> {
    Ok((midnight(first, zone)?, midnight(moved(first, days)?, zone)?))
}

/// A date so many days on.
pub(super) fn moved(date: Date, days: i64) -> Result<Date, PageError> {
    let by: Span = days.days();
    date.checked_add(by).map_err(|_| PageError::NotFound)
}

fn midnight(date: Date, zone: &TimeZone) -> Result<Timestamp, PageError> {
    let at = date.to_zoned_datetime(zone.clone()).map_err(|_| PageError::NotFound)?;
    Timestamp::from_micros(at.timestamp().as_microsecond()).map_err(|_| PageError::NotFound)
}

/// `Mon 30 Nov 2026`.
pub(super) fn date_in_words(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A moment as a form sends it back.
pub(super) fn sent(at: Timestamp) -> String {
    at.micros().to_string()
}

/// Open times, to choose from.
pub(super) fn choices(slots: &[Slot], zone: &TimeZone) -> Vec<(String, String)> {
    let choice = |slot: &Slot| {
        let (start, end) = (formatted(slot.start_at, zone, "%a %-d %b, %H:%M"), formatted(slot.end_at, zone, "%H:%M"));
        (sent(slot.start_at), format!("{start}–{end}"))
    };
    slots.iter().map(choice).collect()
}

/// Minutes between two moments.
pub(super) fn minutes(start: Timestamp, end: Timestamp) -> u16 {
    (end.micros_since(start) / MINUTE_US).try_into().unwrap_or(0)
}

/// A name, or that it may not be seen.
pub(super) fn who(name: &SeenName) -> String {
    match name {
        Some((family, given)) => list_name(family.as_deref(), given),
        None => DESK.name_unseen.to_owned(),
    }
}

/// Where the account works first.
pub(super) async fn workplace(actor: &mut Actor<'_>) -> Result<Workplace, PageError> {
    workplaces(actor).await?.into_iter().next().ok_or(PageError::NotFound)
}

/// Who works there, to choose from.
pub(super) async fn providers(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<(String, String)>, PageError> {
    let query = ProviderQuery { specialty: None, facility: Some(facility) };
    let mut found: Vec<(ProviderId, String)> = find_providers(actor, &query)
        .await?
        .into_iter()
        .map(|provider| (provider.provider_id, provider.name))
        .collect();
    found.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(found.into_iter().map(|(key, name)| (key.to_string(), name)).collect())
}
