//! A goal as its person sees it: what is to be reached, how often it was, and a chart with its table.

use crate::model::people::GoalId;
use crate::portal::chart::{Chart, ChartBucket};
use crate::portal::forms::{Form, FormField};
use crate::portal::shown::{day, exact, number, sentence, unit};
use crate::portal::words::own::OWN;
use crate::store::care::chart::PlanLine;
use crate::store::care::goal::GoalProgress;

/// So many days are shown.
pub(super) const WINDOW_DAYS: i64 = 84;

/// A goal.
pub(super) struct GoalView {
    pub(super) key: GoalId,
    pub(super) title: String,
    pub(super) target: String,
    /// How often it was reached.
    pub(super) reached: String,
    pub(super) svg: String,
    pub(super) y: [String; 3],
    /// Day, value, whether it was reached; the latest first.
    pub(super) rows: Vec<(String, String, &'static str)>,
    /// For an entry, where no device measures it.
    pub(super) form: Option<Form>,
}

/// A goal with its progress.
pub(super) fn goal_view(
    line: &PlanLine,
    key: GoalId,
    progress: &[GoalProgress],
    today: String,
    form_token: &str,
) -> GoalView {
    let title = line.goal_title.clone().unwrap_or_default();
    let of = line.unit.as_deref().map(unit).unwrap_or_default();
    let per = line.per.as_deref();
    let each = if per == Some("week") { OWN.per_week } else { OWN.per_day };
    let target = line.target.map(exact).unwrap_or_default();
    let comparator = sentence(line.comparator.as_deref().unwrap_or_default());
    let known: Vec<&GoalProgress> = progress.iter().filter(|known| known.value.is_some()).collect();
    let times = known.iter().filter(|known| known.reached == Some(true)).count();
    let reached = format!("{} {times} {} {}", OWN.reached, OWN.of, known.len());
    let points: Vec<ChartBucket> = known.iter().map(|known| point(known, per)).collect();
    let svg_key = format!("goal-{key}");
    let (from, to) = span(progress, per);
    let chart = Chart {
        key: &svg_key,
        title: &title,
        describes: &reached,
        from,
        to,
        points: &points,
        adds_up: true,
        usual: None,
        goal: line.target,
    };
    let drawing = chart.draw();
    let row = |known: &&GoalProgress| {
        let said = if known.reached == Some(true) { OWN.yes } else { OWN.no };
        (day(known.bucket_on), known.value.map(number).unwrap_or_default(), said)
    };
    let parts: i64 = progress.iter().map(|known| known.parts).sum();
    let form = line.metric.is_none().then(|| {
        Form::new("note", format!("/me/plan/{key}/note"), form_token, OWN.note_it)
            .called(key.to_string())
            .with(FormField::hidden("known", parts))
            .with(FormField::number("value", OWN.how_much, "any").required())
            .with(FormField::day("done_on", OWN.done_on).of(today).required())
    });
    GoalView {
        key,
        target: format!("{comparator} {target} {of} {each}"),
        reached,
        svg: drawing.svg,
        y: drawing.labels,
        rows: known.iter().rev().take(28).map(row).collect(),
        form,
        title,
    }
}

/// From the first day of what is shown to the end of its last.
fn span(progress: &[GoalProgress], per: Option<&str>) -> (i64, i64) {
    match (progress.first(), progress.last()) {
        (Some(first), Some(last)) => {
            (first.bucket_on.start().micros(), last.bucket_on.plus(days_of(per)).start().micros())
        }
        _ => (0, 1),
    }
}

/// How many days a value is of.
fn days_of(per: Option<&str>) -> i64 {
    if per == Some("week") { 7 } else { 1 }
}

fn point(known: &GoalProgress, per: Option<&str>) -> ChartBucket {
    let value = known.value.unwrap_or_default();
    ChartBucket {
        at: known.bucket_on.start().micros(),
        stop: known.bucket_on.plus(days_of(per)).start().micros(),
        value,
        lowest: value,
        highest: value,
        count: known.parts,
        device: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{DAY_US, Timestamp};

    #[test]
    fn the_last_week_is_shown_to_its_end() {
        let monday = Timestamp::parse_rfc3339("2026-11-23T00:00:00Z").unwrap().day();
        let of = |bucket_on| GoalProgress { bucket_on, value: Some(1.0), parts: 1, reached: Some(true) };
        let progress = [of(monday.plus(-7)), of(monday)];
        let days = |per| {
            let (from, to) = span(&progress, per);
            (to - from) / DAY_US
        };
        assert_eq!([days(Some("week")), days(Some("day")), days(None)], [14, 8, 8]);
        assert_eq!(span(&[], None), (0, 1));
        let last = point(&progress[1], Some("week"));
        assert_eq!(last.stop, span(&progress, Some("week")).1);
    }
}
