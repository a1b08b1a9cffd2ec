//! Tables of people by the facilities where they are seen and by whom: who takes medicines as prescribed, and whose
//! glucose is in range.

use super::analytics_question::Question;
use super::figure::{Cell, Figure};
use crate::portal::page_error::PageError;
use crate::portal::shown::month;
use crate::portal::words::figures::FIGURES;
use crate::store::care::actor::Actor;
use crate::store::care::quality::{self, SeenCount};

/// Who took all medicines as prescribed, of those seen in a year.
pub(super) async fn adherence(actor: &mut Actor<'_>, question: &Question) -> Result<Figure, PageError> {
    let counts = quality::adherence_seen(actor, question.facility, question.year).await?;
    Ok(Figure {
        key: "adherence_seen",
        title: FIGURES.adherence_seen,
        definition: FIGURES.adherence_seen_is,
        covers: question.covers(&question.told_years(false), true),
        columns: vec![FIGURES.year, FIGURES.facility, FIGURES.provider, FIGURES.people, FIGURES.adherent],
        rows: rows(&counts, question, &question.year.to_string()),
    })
}

/// Whose glucose was in range for long enough, of those seen at a facility; none where no facility is chosen, since
/// nobody's days are read but theirs.
pub(super) async fn time_in_range(actor: &mut Actor<'_>, question: &Question) -> Result<Figure, PageError> {
    let counts = match question.facility {
        Some(facility) => quality::time_in_range(actor, facility, question.month).await?,
        None => Vec::new(),
    };
    let time = month(question.month);
    Ok(Figure {
        key: "time_in_range",
        title: FIGURES.time_in_range,
        definition: FIGURES.time_in_range_is,
        covers: question.covers(&time, true),
        columns: vec![FIGURES.month, FIGURES.facility, FIGURES.provider, FIGURES.people, FIGURES.in_range],
        rows: rows(&counts, question, &time),
    })
}

fn rows(counts: &[SeenCount], question: &Question, time: &str) -> Vec<Vec<Cell>> {
    let row = |count: &SeenCount| {
        let (time, place) = (Cell::Text(time.to_owned()), question.place(count.facility_id));
        let share = Cell::Share { n: count.patients, rate: count.rate };
        vec![time, place, question.whom(count.provider_id), Cell::Count(count.patients), share]
    };
    counts.iter().filter(|count| question.is_shown(count.provider_id)).map(row).collect()
}
