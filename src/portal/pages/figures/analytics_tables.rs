//! Which tables of figures a part sees, each made of what one function of the record tells.

use super::analytics_own as own;
use super::analytics_question::{Question, RECENT};
use super::analytics_seen as seen;
use super::figure::{Cell, Figure};
use crate::model::people::Role;
use crate::portal::page_error::PageError;
use crate::portal::words::figures::FIGURES;
use crate::store::care::actor::Actor;
use crate::store::care::directory::{FacilityFound, ProviderFound};
use crate::store::care::error::CareError;
use crate::store::care::quality;

/// The tables of a part, by their words in URLs.
pub(super) fn tables_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::FacilityManager => &["days", "centre", "ratings"],
        _ => &[
            "readmission",
            "adherence",
            "adherence_seen",
            "time_in_range",
            "programmes",
            "engagement",
            "use",
            "ratings",
        ],
    }
}

/// A table; `None` where there is no such.
pub(super) async fn figure(actor: &mut Actor<'_>, question: &Question, key: &str) -> Result<Option<Figure>, PageError> {
    let figure = match key {
        "readmission" => question.readmission(actor).await?,
        "adherence" => question.adherence(actor).await?,
        "adherence_seen" => seen::adherence(actor, question).await?,
        "time_in_range" => seen::time_in_range(actor, question).await?,
        "programmes" => question.programmes(actor).await?,
        "engagement" => question.engagement(actor).await?,
        "use" => question.visits(actor).await?,
        "ratings" => question.ratings(),
        "days" => own::days(actor, question).await?,
        "centre" => own::centre(actor, question).await?,
        _ => return Ok(None),
    };
    Ok(Some(figure))
}

impl Question {
    async fn readmission(&self, actor: &mut Actor<'_>) -> Result<Figure, CareError> {
        let counts = quality::readmissions(actor, self.facility).await?;
        let is_asked = |count: &&quality::ReadmissionsCount| {
            (self.period == RECENT || count.year == self.year) && self.is_shown(count.provider_id)
        };
        let row = |count: &quality::ReadmissionsCount| {
            let share = Cell::Share { n: count.patients, rate: count.readmitted_rate };
            let year = Cell::Text(count.year.to_string());
            vec![year, self.place(count.facility_id), self.whom(count.provider_id), Cell::Count(count.patients), share]
        };
        Ok(Figure {
            key: "readmission",
            title: FIGURES.readmission,
            definition: FIGURES.readmission_is,
            covers: self.covers(&self.told_years(true), true),
            columns: vec![FIGURES.year, FIGURES.facility, FIGURES.provider, FIGURES.people, FIGURES.came_back],
            rows: counts.iter().filter(is_asked).map(row).collect(),
        })
    }

    async fn adherence(&self, actor: &mut Actor<'_>) -> Result<Figure, CareError> {
        let counts = quality::adherence(actor, self.year).await?;
        let row = |count: &quality::AdherenceCount| {
            let share = Cell::Share { n: count.patients, rate: count.adherent_rate };
            let year = Cell::Text(self.year.to_string());
            vec![year, Cell::Text(count.ingredient.clone()), Cell::Count(count.patients), share]
        };
        Ok(Figure {
            key: "adherence",
            title: FIGURES.adherence,
            definition: FIGURES.adherence_is,
            covers: self.covers(&self.told_years(false), false),
            columns: vec![FIGURES.year, FIGURES.substance, FIGURES.people, FIGURES.adherent],
            rows: counts.iter().map(row).collect(),
        })
    }

    async fn programmes(&self, actor: &mut Actor<'_>) -> Result<Figure, CareError> {
        let counts = quality::programmes(actor, self.facility).await?;
        let row = |count: &quality::ProgrammeCount| {
            let share = |rate| Cell::Share { n: count.patients, rate };
            let place = count.facility_id.map_or_else(|| Cell::Text(String::new()), |facility| self.place(facility));
            let (completed, withdrawn) = (share(count.completed_rate), share(count.withdrawn_rate));
            vec![Cell::Text(count.title.clone()), place, Cell::Count(count.patients), completed, withdrawn]
        };
        Ok(Figure {
            key: "programmes",
            title: FIGURES.programmes,
            definition: FIGURES.programmes_are,
            covers: self.covers(FIGURES.all_time, true),
            columns: vec![FIGURES.programme, FIGURES.facility, FIGURES.people, FIGURES.completed, FIGURES.withdrew],
            rows: counts.iter().map(row).collect(),
        })
    }

    async fn engagement(&self, actor: &mut Actor<'_>) -> Result<Figure, CareError> {
        let counts = quality::engagement(actor, self.facility, self.days).await?;
        let row = |count: &quality::EngagementCount| {
            let share = Cell::Share { n: count.members, rate: count.attended_rate };
            vec![Cell::month(count.month), self.place(count.facility_id), Cell::Bar(count.members), share]
        };
        Ok(Figure {
            key: "engagement",
            title: FIGURES.engagement,
            definition: FIGURES.engagement_is,
            covers: self.covers(&self.told_months(), true),
            columns: vec![FIGURES.month, FIGURES.facility, FIGURES.people, FIGURES.attended],
            rows: counts.iter().map(row).collect(),
        })
    }

    async fn visits(&self, actor: &mut Actor<'_>) -> Result<Figure, CareError> {
        let counts = quality::visits(actor, self.facility, self.days).await?;
        let row = |count: &quality::VisitsCount| {
            let share = |rate| Cell::Share { n: count.patients, rate };
            let (month, place) = (Cell::month(count.month), self.place(count.facility_id));
            let (missed, cancelled) = (share(count.missed_rate), share(count.cancelled_rate));
            vec![month, place, self.whom(count.provider_id), Cell::Bar(count.patients), missed, cancelled]
        };
        let columns = [FIGURES.month, FIGURES.facility, FIGURES.provider, FIGURES.people];
        Ok(Figure {
            key: "use",
            title: FIGURES.visits,
            definition: FIGURES.visits_are,
            covers: self.covers(&self.told_months(), true),
            columns: columns.into_iter().chain([FIGURES.missed, FIGURES.cancelled]).collect(),
            rows: counts.iter().filter(|count| self.is_shown(count.provider_id)).map(row).collect(),
        })
    }

    fn ratings(&self) -> Figure {
        let places = self.facilities.iter().filter(|place| self.facility.is_none_or(|own| own == place.facility_id));
        let place = |found: &FacilityFound| {
            let (whom, count) = (Cell::Text(FIGURES.the_facility.to_owned()), Cell::Count(found.rating.reviews));
            vec![Cell::Text(found.name.clone()), whom, count, Cell::Stars(found.rating.stars)]
        };
        let provider = |found: &ProviderFound| {
            let place = self.facility.map_or_else(|| Cell::Text(String::new()), |facility| self.place(facility));
            let (whom, count) = (Cell::Text(found.name.clone()), Cell::Count(found.rating.reviews));
            vec![place, whom, count, Cell::Stars(found.rating.stars)]
        };
        Figure {
            key: "ratings",
            title: FIGURES.ratings,
            definition: FIGURES.ratings_are,
            covers: self.covers(FIGURES.all_time, true),
            columns: vec![FIGURES.facility, FIGURES.of_whom, FIGURES.reviews, FIGURES.stars],
            rows: places.map(place).chain(self.providers.iter().map(provider)).collect(),
        }
    }
}
