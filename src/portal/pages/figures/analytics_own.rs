//! Tables of the own facility, as its manager counts them: exact numbers by month, and nobody's row.

use super::analytics_question::Question;
use super::figure::{Cell, Figure};
use crate::model::time::Day;
use crate::portal::page_error::PageError;
use crate::portal::words::figures::FIGURES;
use crate::store::care::actor::Actor;
use crate::store::care::programme::{EngagementDay, engagement};
use crate::store::care::upkeep::{DayCount, count_days};

/// Visits of the own facility by month, as its manager counts them.
pub(super) async fn days(actor: &mut Actor<'_>, question: &Question) -> Result<Figure, PageError> {
    let counts = count_days(actor, question.own()?, question.days.0, question.days.1).await?;
    let rows = counts.chunk_by(|one, next| month_of(one.day) == month_of(next.day)).rev().filter_map(|month| {
        let sum = |of: fn(&DayCount) -> i64| month.iter().map(of).sum::<i64>();
        let (completed, missed) = (sum(|day| day.completed), sum(|day| day.missed));
        let n = completed + missed;
        let share = Cell::Share { n, rate: (n > 0).then(|| missed as f64 / n as f64) };
        let (booked, cancelled) = (Cell::Count(sum(|day| day.booked)), Cell::Count(sum(|day| day.cancelled)));
        Some(vec![Cell::month(month.first()?.day), Cell::Bar(completed), booked, cancelled, share])
    });
    Ok(Figure {
        key: "days",
        title: FIGURES.own_visits,
        definition: FIGURES.own_visits_are,
        covers: question.covers(&question.told_months(), true),
        columns: vec![FIGURES.month, FIGURES.held, FIGURES.booked, FIGURES.were_cancelled, FIGURES.of_visits_missed],
        rows: rows.collect(),
    })
}

/// What happened at the own centre by month.
pub(super) async fn centre(actor: &mut Actor<'_>, question: &Question) -> Result<Figure, PageError> {
    let counts = engagement(actor, question.own()?, question.days.0, question.days.1).await?;
    let rows = counts.chunk_by(|one, next| month_of(one.counted_on) == month_of(next.counted_on)).rev();
    let row = |month: &[EngagementDay]| {
        let sum = |of: fn(&EngagementDay) -> i32| month.iter().map(|day| i64::from(of(day))).sum::<i64>();
        let (visits, attendances) = (Cell::Bar(sum(|day| day.visits)), Cell::Count(sum(|day| day.attendances)));
        Some(vec![Cell::month(month.first()?.counted_on), visits, attendances, Cell::Count(sum(|day| day.enrolments))])
    };
    Ok(Figure {
        key: "centre",
        title: FIGURES.engagement,
        definition: FIGURES.own_engagement_is,
        covers: question.covers(&question.told_months(), true),
        columns: vec![FIGURES.month, FIGURES.times, FIGURES.attendances, FIGURES.enrolments],
        rows: rows.filter_map(row).collect(),
    })
}

fn month_of(day: Day) -> String {
    day.to_string().chars().take(7).collect()
}
