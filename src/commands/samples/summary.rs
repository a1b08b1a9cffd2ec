//! Summary: count, minimum, maximum and sum of each series, by device, metric and statistic.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sink::{SampleSink, SeriesRef};
use crate::commands::report::{Column, print, print_json, table};
use crate::model::ids::{DeviceId, MetricId};
use crate::model::sample::Sample;

/// One series, summed up.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Row {
    device_id: String,
    metric: String,
    /// Null for plain measurements.
    statistic: Option<String>,
    count: u64,
    /// Null for a coded metric, and where all are bounds, as are maximum and sum.
    min: Option<f64>,
    max: Option<f64>,
    sum: Option<f64>,
}

/// Sums up chunks as they come: those of one series come day by day, between others.
#[derive(Debug)]
pub(super) struct SeriesSummary {
    json: bool,
    rows: BTreeMap<(DeviceId, MetricId, Option<String>), (Row, Sum)>,
}

/// A sum that keeps what addition rounds off (Neumaier): a million values of 0.1 come to 100,000 and not to
/// 100,000.000001.
#[derive(Copy, Clone, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

impl SampleSink for SeriesSummary {
    fn take(&mut self, of: &SeriesRef<'_>, samples: &mut dyn Iterator<Item = Sample>) -> anyhow::Result<()> {
        let mut samples = samples.peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let statistic = of.statistic.text();
        let key = (of.device.clone(), of.metric.id, statistic.clone());
        let (row, sum) = self.rows.entry(key).or_insert_with(|| {
            let (device_id, metric) = (of.device.as_str().to_owned(), of.metric.name.clone());
            (Row { device_id, metric, statistic, count: 0, min: None, max: None, sum: None }, Sum::default())
        });
        for sample in samples {
            row.count += 1;
            if let Some(value) = of.value(&sample) {
                row.min = Some(row.min.map_or(value, |min| min.min(value)));
                row.max = Some(row.max.map_or(value, |max| max.max(value)));
                sum.add(value);
            }
        }
        row.sum = row.min.map(|_| sum.total());
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let json = self.json;
        let rows = self.into_rows();
        if json { print_json(&rows) } else { print(&in_words(&rows)) }
    }
}

impl SeriesSummary {
    /// Of nothing yet; printed as JSON or for people.
    pub(super) fn new(json: bool) -> SeriesSummary {
        SeriesSummary { json, rows: BTreeMap::new() }
    }

    fn into_rows(self) -> Vec<Row> {
        self.rows.into_values().map(|(row, _)| row).collect()
    }
}

/// The rows aligned for people.
fn in_words(rows: &[Row]) -> String {
    let columns = [
        Column::Left("device"),
        Column::Left("metric"),
        Column::Left("statistic"),
        Column::Right("count"),
        Column::Right("min"),
        Column::Right("max"),
        Column::Right("sum"),
    ];
    let shown = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let cells = rows.iter().map(|row| {
        vec![
            row.device_id.clone(),
            row.metric.clone(),
            row.statistic.clone().unwrap_or_else(|| "-".to_owned()),
            row.count.to_string(),
            shown(row.min),
            shown(row.max),
            shown(row.sum),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::DeviceId;
    use crate::model::metric::Catalogue;
    use crate::model::origin::Origin;
    use crate::model::sample::Flags;
    use crate::model::statistic::Statistic;
    use crate::model::time::Timestamp;

    fn samples(values: &[f64]) -> impl Iterator<Item = Sample> + '_ {
        values.iter().map(|value| Sample {
            start: Timestamp::MIN,
            span_us: None,
            value: *value,
            flags: Flags::NONE,
            origin: Origin::default(),
        })
    }

    #[test]
    fn a_sum_keeps_what_addition_rounds_off() {
        let mut sum = Sum::default();
        [1.0, 1e100, 1.0, -1e100].into_iter().for_each(|value| sum.add(value));
        assert_eq!(sum.total(), 2.0);
        let mut sum = Sum::default();
        (0..1_000_000).for_each(|_| sum.add(0.1));
        assert_eq!(sum.total(), 100_000.0);
    }

    #[test]
    fn stretches_of_one_series_are_one_row_and_codes_are_only_counted() {
        let catalogue = Catalogue::builtin().unwrap();
        let device = DeviceId::parse("d").unwrap();
        let of =
            |metric, statistic| SeriesRef { device: &device, metric: catalogue.by_name(metric).unwrap(), statistic };
        let heart_rate = of("heart_rate", Statistic::NONE);
        let mut summary = SeriesSummary::new(true);
        summary.take(&heart_rate, &mut samples(&[70.0, 60.0])).unwrap();
        summary.take(&of("heart_rate", Statistic::parse("maximum").unwrap()), &mut samples(&[99.0])).unwrap();
        summary.take(&heart_rate, &mut samples(&[80.5])).unwrap();
        summary.take(&of("step_count", Statistic::NONE), &mut samples(&[])).unwrap();
        summary.take(&of("sleep_stage", Statistic::NONE), &mut samples(&[3.0, 1.0])).unwrap();
        let rows: Vec<_> = summary
            .into_rows()
            .into_iter()
            .map(|row| (row.metric, row.statistic, row.count, row.min, row.max, row.sum))
            .collect();
        let row = |metric: &str, statistic: Option<&str>, count, numbers: Option<[f64; 3]>| {
            let number = |place: usize| numbers.map(|numbers| numbers[place]);
            (metric.to_owned(), statistic.map(str::to_owned), count, number(0), number(1), number(2))
        };
        assert_eq!(
            rows,
            [
                row("heart_rate", None, 3, Some([60.0, 80.5, 210.5])),
                row("heart_rate", Some("maximum"), 1, Some([99.0, 99.0, 99.0])),
                row("sleep_stage", None, 2, None),
            ]
        );
    }
}
