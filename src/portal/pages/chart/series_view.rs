//! What a page shows of one series: its drawing, and the same numbers as a table, each with its source.

use jiff::tz::TimeZone;

use crate::model::time::{DAY_US, Timestamp};
use crate::portal::chart::{Chart, ChartBucket};
use crate::portal::shown::{day_of, exact, moment, number, sentence, unit};
use crate::portal::words::WORDS;
use crate::store::care::chart_series::ChartPoint;

/// A series.
pub(super) struct SeriesView {
    pub(super) svg: String,
    pub(super) y: [String; 3],
    pub(super) x: Vec<String>,
    pub(super) unit: String,
    /// When, value, source; the newest first.
    pub(super) rows: Vec<[String; 3]>,
}

/// Rows of the table at most.
const ROWS: usize = 200;

/// The series in the unit of its newest point; none where nothing can be drawn.
pub(super) fn series_view(
    points: &[ChartPoint],
    title: &str,
    usual: Option<(f64, f64)>,
    zone: &TimeZone,
) -> Option<SeriesView> {
    let of = &points.last()?.unit;
    let drawn: Vec<(&ChartPoint, ChartBucket)> =
        points.iter().filter(|point| point.unit == *of).filter_map(|point| Some((point, bucket(point)?))).collect();
    let buckets: Vec<ChartBucket> = drawn.iter().map(|(_, bucket)| bucket.clone()).collect();
    let (first, last) = (buckets.first()?.at, buckets.last()?.at);
    // A little room at both ends, also around one point alone.
    let room = ((last - first) / 20).max(DAY_US);
    let (from, to) = (first - room, last + room);
    let lowest = buckets.iter().map(|bucket| bucket.lowest).fold(f64::INFINITY, f64::min);
    let highest = buckets.iter().map(|bucket| bucket.highest).fold(f64::NEG_INFINITY, f64::max);
    let of = unit(of).to_owned();
    // A mean of many is no stored number.
    let is_mean = drawn.iter().any(|(point, _)| point.count.is_some_and(|count| count > 1));
    let shown: fn(f64) -> String = if is_mean { number } else { exact };
    let describes = format!(
        "{} {} {of}, {} {} {of}, {} {}.",
        WORDS.least,
        shown(lowest),
        WORDS.greatest.to_lowercase(),
        shown(highest),
        buckets.len(),
        WORDS.samples.to_lowercase()
    );
    let chart = Chart {
        key: "series",
        title,
        describes: &describes,
        from,
        to,
        points: &buckets,
        adds_up: false,
        usual,
        goal: None,
    };
    let drawing = chart.draw();
    let label = |place: i64| {
        let at = Timestamp::from_micros(from + (to - from) / 4 * place);
        at.map(|at| day_of(at, zone)).unwrap_or_default()
    };
    let row = |(point, bucket): &(&ChartPoint, ChartBucket)| {
        let shown: fn(f64) -> String = if bucket.count > 1 { number } else { exact };
        let limit = point.comparator.as_deref().unwrap_or_default();
        [moment(point.observed_at, zone), format!("{limit}{}", shown(bucket.value)), sentence(&point.source)]
    };
    Some(SeriesView {
        svg: drawing.svg,
        y: drawing.labels,
        x: (0..5).map(label).collect(),
        unit: of,
        rows: drawn.iter().rev().take(ROWS).map(row).collect(),
    })
}

fn bucket(point: &ChartPoint) -> Option<ChartBucket> {
    let middle = point.lowest.zip(point.highest).map(|(low, high)| f64::midpoint(low, high));
    let value = point.value.or(middle).or(point.lowest).or(point.highest)?;
    let at = point.observed_at.micros();
    Some(ChartBucket {
        at,
        stop: point.ended_at.map_or(at, Timestamp::micros),
        value,
        lowest: point.lowest.unwrap_or(value),
        highest: point.highest.unwrap_or(value),
        count: point.count.unwrap_or(1),
        device: 0,
    })
}
