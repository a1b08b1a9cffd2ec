//! What is asked of figures: of which facility and time; and what of it a table covers.

use super::figure::{Cell, FigureChoice};
use crate::model::people::{FacilityId, ProviderId, Role};
use crate::model::time::{Day, Timestamp};
use crate::portal::page_error::PageError;
use crate::portal::shown::month;
use crate::portal::words::figures::FIGURES;
use crate::store::care::actor::Actor;
use crate::store::care::directory::{
    FacilityFound, FacilityQuery, ProviderFound, ProviderQuery, find_facilities, find_providers,
};
use crate::store::care::profile;

/// The word of the time that is shown where none is chosen.
pub(super) const RECENT: &str = "recent";
/// So many years can be chosen.
const YEARS: i64 = 5;

/// What is asked: of which facility and time.
pub(super) struct Question {
    pub(super) facility: Option<FacilityId>,
    /// Its word in URLs.
    pub(super) period: String,
    /// First day, and the day after the last.
    pub(super) days: (Day, Day),
    /// The year whose whole is told, where only whole years are.
    pub(super) year: i32,
    /// First day of the newest month that is over.
    pub(super) month: Day,
    this_year: i64,
    pub(super) facilities: Vec<FacilityFound>,
    /// Who works at the facility.
    pub(super) providers: Vec<ProviderFound>,
    is_managers: bool,
}

impl Question {
    /// Reads what was chosen; a manager asks about the own facility alone.
    pub(super) async fn read(
        actor: &mut Actor<'_>,
        facility: &str,
        period: &str,
        now: Timestamp,
    ) -> Result<Question, PageError> {
        let is_managers = actor.role() == Role::FacilityManager;
        let facility = match is_managers {
            true => profile::own_facility(actor).await?,
            false if facility.is_empty() => None,
            false => Some(facility.parse().map_err(|_| PageError::NotFound)?),
        };
        let facilities = find_facilities(actor, &FacilityQuery::default()).await?;
        let providers = match facility {
            Some(_) => find_providers(actor, &ProviderQuery { specialty: None, facility }).await?,
            None => Vec::new(),
        };
        let today = now.day();
        let this_year = year_of(today);
        let chosen = period.parse::<i64>().ok().filter(|year| (this_year - YEARS + 1..=this_year).contains(year));
        let days = match chosen {
            Some(year) => (first_of(year).unwrap_or(today), first_of(year + 1).unwrap_or(today)),
            // Whole months: this one, and eleven before it.
            None => (months_before(today, 11).unwrap_or(today), today.next()),
        };
        let over = if days.1.since_1970() > today.since_1970() { today } else { days.1 };
        Ok(Question {
            facility,
            month: months_before(over, 1).unwrap_or(today),
            period: chosen.map_or_else(|| RECENT.to_owned(), |year| year.to_string()),
            days,
            year: i32::try_from(chosen.unwrap_or(this_year - 1).min(this_year - 1)).unwrap_or(0),
            this_year,
            facilities,
            providers,
            is_managers,
        })
    }

    /// The facility of who manages it.
    pub(super) fn own(&self) -> Result<FacilityId, PageError> {
        self.facility.ok_or(PageError::NotFound)
    }

    /// The facility's key, empty where all are asked about.
    pub(super) fn facility_key(&self) -> String {
        self.facility.map(|facility| facility.to_string()).unwrap_or_default()
    }

    /// The facilities to choose from, by name.
    pub(super) fn choices(&self) -> Vec<FigureChoice> {
        if self.is_managers {
            return Vec::new();
        }
        let choice = |found: &FacilityFound| FigureChoice {
            value: found.facility_id.to_string(),
            name: format!("{}, {}", found.name, found.city),
            is_chosen: Some(found.facility_id) == self.facility,
        };
        let mut choices: Vec<FigureChoice> = self.facilities.iter().map(choice).collect();
        choices.sort_by(|one, next| one.name.cmp(&next.name));
        choices
    }

    /// The times to choose from.
    pub(super) fn periods(&self) -> Vec<FigureChoice> {
        let years = (0..YEARS).map(|ago| (self.this_year - ago).to_string()).map(|year| (year.clone(), year));
        let recent = (RECENT.to_owned(), FIGURES.recent.to_owned());
        let choice = |(value, name): (String, String)| FigureChoice { is_chosen: value == self.period, value, name };
        std::iter::once(recent).chain(years).map(choice).collect()
    }

    /// What a table covers: a time, and the facility that was chosen, where the table is of one.
    pub(super) fn covers(&self, time: &str, is_of_a_facility: bool) -> String {
        let facility = self.facility.filter(|_| is_of_a_facility);
        let place = match facility.map(|facility| self.place(facility)) {
            Some(Cell::Text(name)) => name,
            _ => FIGURES.all_facilities.to_owned(),
        };
        format!("{} {time}; {place}", FIGURES.covers)
    }

    /// The months that were chosen.
    pub(super) fn told_months(&self) -> String {
        let last = self.days.1.plus(-1);
        format!("{} – {}", month(self.days.0), month(last))
    }

    /// The year, or years, of what is counted by whole years.
    pub(super) fn told_years(&self, are_all: bool) -> String {
        if are_all && self.period == RECENT {
            FIGURES.whole_years.to_owned()
        } else if self.period == self.this_year.to_string() {
            format!("{} ({})", self.year, FIGURES.year_not_over)
        } else {
            self.year.to_string()
        }
    }

    pub(super) fn place(&self, facility: FacilityId) -> Cell {
        let found = self.facilities.iter().find(|found| found.facility_id == facility);
        Cell::Text(found.map_or_else(|| FIGURES.closed.to_owned(), |found| found.name.clone()))
    }

    /// Of all who work there, or of one of them.
    pub(super) fn whom(&self, provider: Option<ProviderId>) -> Cell {
        let Some(provider) = provider else { return Cell::Text(FIGURES.everybody.to_owned()) };
        let found = self.providers.iter().find(|found| found.provider_id == provider);
        Cell::Text(found.map_or_else(|| FIGURES.no_more.to_owned(), |found| found.name.clone()))
    }

    /// Rows of single providers are told of one facility alone.
    pub(super) fn is_shown(&self, provider: Option<ProviderId>) -> bool {
        provider.is_none() || self.facility.is_some()
    }
}

/// The first day of the month so many months before that of a day.
fn months_before(day: Day, months: i64) -> Option<Day> {
    let text = day.to_string();
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let month = parts.next()?? * 12 + parts.next()?? - 1 - months;
    format!("{:04}-{:02}-01", month.div_euclid(12), month.rem_euclid(12) + 1).parse().ok()
}

fn year_of(day: Day) -> i64 {
    day.to_string().split('-').next().and_then(|year| year.parse().ok()).unwrap_or(1970)
}

fn first_of(year: i64) -> Option<Day> {
    format!("{year:04}-01-01").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_months_are_whole_ones() {
        let before = |day: &str, months| months_before(day.parse().unwrap(), months).unwrap().to_string();
        assert_eq!(before("2026-11-29", 11), "2025-12-01");
        assert_eq!(before("2026-12-31", 11), "2026-01-01");
        assert_eq!(before("2026-01-01", 11), "2025-02-01");
    }
}
