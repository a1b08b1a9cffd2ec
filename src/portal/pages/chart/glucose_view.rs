//! What a page shows of a glucose profile: its figures with their targets, ranges, the hours of a day, and each day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::glucose_draw::{bar, curve, small};
use crate::model::glucose::{
    GlucoseProfile, GlucoseQuarter, GlucoseReading, MG_DL_OF_MMOL, SLOTS, profile, range_of, spans, timeline,
};
use crate::model::sample::Flags;
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::shown::{date_of, start_of};
use crate::portal::words::chart::CHART;
use crate::portal::words::glucose::GLUCOSE;
use crate::store::care::quarters::BothTiers;

/// 70 % of a day: of less, its share says little.
const ENOUGH_HOURS: f64 = 16.8;

/// The profile of some days.
pub(super) struct GlucoseTold {
    pub(super) is_little: bool,
    /// What, how much, what is aimed at.
    pub(super) figures: Vec<[String; 3]>,
    pub(super) bar: String,
    /// A class of the stylesheet; which range, its bounds, its share, how long a day, what is aimed at.
    pub(super) ranges: Vec<(&'static str, [String; 5])>,
    pub(super) curve: String,
    /// Half an hour, and its five quantiles.
    pub(super) rows: Vec<[String; 6]>,
    pub(super) days: Vec<GlucoseDay>,
}

/// One day.
pub(super) struct GlucoseDay {
    pub(super) title: String,
    /// Its vitals.
    pub(super) path: String,
    pub(super) svg: String,
    /// How long it was in target, or that nothing was measured.
    pub(super) told: String,
}

/// Readings of both tiers of the days that are shown, and what zone they are told in.
pub(super) struct GlucoseSeries {
    readings: Vec<GlucoseReading>,
    from: Timestamp,
    to: Timestamp,
    first: Date,
    zone: TimeZone,
}

impl GlucoseSeries {
    /// Of so many days of a person's zone, of which the present one is the last; none where no calendar holds them.
    pub(super) fn of(measured: &BothTiers, days: i64, now: Timestamp) -> Option<GlucoseSeries> {
        let zone = TimeZone::get(&measured.time_zone).unwrap_or(TimeZone::UTC);
        let first = date_of(now, &zone)?.checked_sub(jiff::Span::new().try_days(days - 1).ok()?).ok()?;
        let from = start_of(first, &zone)?;
        let is_of_them = |reading: &GlucoseReading| reading.at >= from && reading.at < now;
        let readings = timeline(readings(measured).into_iter().filter(is_of_them).collect());
        Some(GlucoseSeries { readings, from, to: now, first, zone })
    }

    /// From when to when.
    pub(super) fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.from, self.to)
    }

    /// On whose clock.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn minute_of(&self, at: Timestamp) -> usize {
        let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let time = at.to_zoned_datetime(self.zone.clone()).time();
        usize::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or(0)
    }

    /// What the page tells; none where nothing was measured.
    pub(super) fn told(&self, base: &str) -> Option<GlucoseTold> {
        let told = profile(&self.readings, self.bounds(), |at| self.minute_of(at))?;
        let [lowest, low, target, high, highest] = told.ranges.map(percent);
        let describes = format!(
            "{} {lowest}, {} {low}, {} {target}, {} {high}, {} {highest}.",
            GLUCOSE.very_low,
            GLUCOSE.low.to_lowercase(),
            GLUCOSE.in_target.to_lowercase(),
            GLUCOSE.high.to_lowercase(),
            GLUCOSE.very_high.to_lowercase()
        );
        Some(GlucoseTold {
            is_little: told.active < 0.7,
            figures: self.figures(&told),
            bar: bar(&told.ranges, GLUCOSE.ranges, &describes),
            ranges: ranges(&told),
            curve: curve(&told.quantiles, GLUCOSE.curve, &runs_from(&told)),
            rows: told.quantiles.iter().enumerate().filter_map(row).collect(),
            days: self.days(base),
        })
    }

    fn figures(&self, told: &GlucoseProfile) -> Vec<[String; 3]> {
        let mut sensors: Vec<&str> = self.readings.iter().map(|reading| reading.device.as_str()).collect();
        sensors.sort_unstable();
        sensors.dedup();
        let beyond = match told.bound {
            0 => String::new(),
            bound => format!(", {bound} {}", GLUCOSE.beyond),
        };
        let figure = |name: &str, value: String, aim: &str| [name.to_owned(), value, aim.to_owned()];
        vec![
            figure(GLUCOSE.active, percent(told.active), GLUCOSE.active_aim),
            figure(GLUCOSE.mean, both(told.mean), ""),
            figure(GLUCOSE.gmi, format!("{:.1} %, {}", told.gmi, GLUCOSE.gmi_note), ""),
            // One reading varies from nothing.
            figure(
                GLUCOSE.cv,
                if told.readings > 1 { format!("{:.1} %", told.cv) } else { "–".to_owned() },
                GLUCOSE.cv_aim,
            ),
            figure(GLUCOSE.readings, format!("{}{beyond}", told.readings), ""),
            figure(GLUCOSE.sensors, sensors.join(", "), ""),
        ]
    }

    /// Each day that is shown, the first first.
    fn days(&self, base: &str) -> Vec<GlucoseDay> {
        let mut of_days: BTreeMap<Date, Vec<(usize, &GlucoseReading, i64)>> = BTreeMap::new();
        for (reading, span) in self.readings.iter().zip(spans(&self.readings, self.to)) {
            let Some(date) = date_of(reading.at, &self.zone) else { continue };
            of_days.entry(date).or_default().push((self.minute_of(reading.at), reading, span));
        }
        let last = date_of(self.to, &self.zone).unwrap_or(self.first);
        let dates = self.first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last);
        dates.map(|date| self.day(date, of_days.get(&date).map_or(&[], Vec::as_slice), base)).collect()
    }

    fn day(&self, date: Date, readings: &[(usize, &GlucoseReading, i64)], base: &str) -> GlucoseDay {
        let mut sums = vec![(0.0, 0.0); SLOTS];
        let (mut total, mut in_target) = (0.0, 0.0);
        for (minute, reading, span) in readings {
            let weight = *span as f64;
            total += weight;
            in_target += if range_of(reading.value) == 2 { weight } else { 0.0 };
            if let Some((sum, all)) = sums.get_mut(minute * SLOTS / 1_440) {
                *sum += reading.value * weight;
                *all += weight;
            }
        }
        let slots: Vec<Option<f64>> = sums.into_iter().map(|(sum, all)| (all > 0.0).then(|| sum / all)).collect();
        let end = date.tomorrow().ok().and_then(|next| start_of(next, &self.zone));
        let to = end.map(|end| format!("&to={}", end.micros() / 1_000_000)).unwrap_or_default();
        GlucoseDay {
            title: date.strftime("%a %-d %b").to_string(),
            path: format!("{base}?span=day{to}"),
            svg: small(&slots),
            told: match total > 0.0 {
                true => {
                    let told = format!("{} {}", percent(in_target / total), GLUCOSE.in_target.to_lowercase());
                    // Of a day of which little was measured, how much.
                    let hours = total / (60 * MINUTE_US) as f64;
                    if hours < ENOUGH_HOURS {
                        format!("{told}, {} {hours:.1} {}", CHART.of, GLUCOSE.measured)
                    } else {
                        told
                    }
                }
                false => GLUCOSE.no_data.to_owned(),
            },
        }
    }
}

/// Plain samples as they are, and what is archived by its quarters.
fn readings(measured: &BothTiers) -> Vec<GlucoseReading> {
    let plain = measured.samples.iter().filter(|sample| sample.statistic.is_none());
    let hot = plain.filter_map(|sample| {
        let (at, device) = (sample.start_at, &sample.device);
        if sample.flags.is_bound() {
            let is_below = sample.flags.bounds() == Flags::BELOW_RANGE;
            return Some(GlucoseReading::beyond(at, device, is_below));
        }
        Some(GlucoseReading { at, value: sample.value?, is_bound: false, device: device.clone() })
    });
    let archived = measured.quarters.iter().flat_map(|quarter| {
        let counts = quarter.counts.map(|count| usize::try_from(count).unwrap_or(0));
        let quarter = GlucoseQuarter { device: quarter.device.clone(), at: quarter.at, counts, told: quarter.told };
        quarter.readings()
    });
    hot.chain(archived).collect()
}

/// From the highest to the lowest.
fn ranges(told: &GlucoseProfile) -> Vec<(&'static str, [String; 5])> {
    let row = |class, name: &str, bounds: &str, share: f64, aim: &str| {
        (class, [name.to_owned(), bounds.to_owned(), percent(share), a_day(share), aim.to_owned()])
    };
    let [lowest, low, target, high, highest] = told.ranges;
    vec![
        row("r4", GLUCOSE.very_high, GLUCOSE.of_very_high, highest, GLUCOSE.aim_very_high),
        row("r3", GLUCOSE.high, GLUCOSE.of_high, high, GLUCOSE.aim_high),
        row("r2", GLUCOSE.in_target, GLUCOSE.of_in_target, target, GLUCOSE.aim_target),
        row("r1", GLUCOSE.low, GLUCOSE.of_low, low, GLUCOSE.aim_low),
        row("r0", GLUCOSE.very_low, GLUCOSE.of_very_low, lowest, GLUCOSE.aim_very_low),
    ]
}

/// What who does not see the curve is told.
fn runs_from(told: &GlucoseProfile) -> String {
    let medians: Vec<f64> = told.quantiles.iter().flatten().map(|[_, _, median, ..]| *median).collect();
    let least = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = medians.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} {} {} {}.", GLUCOSE.median_runs, both(least), GLUCOSE.to, both(greatest))
}

fn row((slot, told): (usize, &Option<[f64; 5]>)) -> Option<[String; 6]> {
    let [least, lower, median, upper, greatest] = (*told)?.map(|value| format!("{value:.0}"));
    Some([format!("{:02}:{:02}", slot / 2, slot % 2 * 30), least, lower, median, upper, greatest])
}

/// In both units: `142 mg/dL (7.9 mmol/L)`.
fn both(value: f64) -> String {
    format!("{value:.0} mg/dL ({:.1} mmol/L)", value / MG_DL_OF_MMOL)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `16 h 48 min`, of a share of a day.
fn a_day(share: f64) -> String {
    let minutes = (share * 1_440.0).round() as i64;
    format!("{} {} {} {}", minutes / 60, GLUCOSE.hours, minutes % 60, GLUCOSE.minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::Origin;
    use crate::store::care::quarters::ArchivedQuarter;
    use crate::store::care::samples::PatientSample;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn sample(text: &str, value: Option<f64>, flags: Flags) -> PatientSample {
        PatientSample {
            start_at: at(text),
            end_at: None,
            value,
            statistic: None,
            code: None,
            unit: "mg/dL".to_owned(),
            device: "sensor".to_owned(),
            flags,
            origin: Origin { received_at: None, utc_offset_minutes: None, revision: None },
        }
    }

    #[test]
    fn an_hour_that_clocks_tell_twice_is_one_of_the_day_and_a_day_begins_where_its_person_lives() {
        let samples = vec![
            sample("2026-10-31T04:30:00Z", Some(90.0), Flags::NONE),
            sample("2026-11-01T06:35:00Z", Some(100.0), Flags::NONE),
            sample("2026-11-01T07:35:00Z", Some(120.0), Flags::NONE),
            sample("2026-11-01T09:00:00Z", None, Flags::BELOW_RANGE),
        ];
        let quarter = ArchivedQuarter {
            device: "sensor".to_owned(),
            at: at("2026-11-01T16:00:00Z"),
            counts: [1, 0, 0],
            told: Some([150.0; 5]),
        };
        let measured = BothTiers { time_zone: "America/Chicago".to_owned(), samples, quarters: vec![quarter] };
        let series = GlucoseSeries::of(&measured, 2, at("2026-11-02T05:30:00Z")).unwrap();
        assert_eq!(series.bounds().0, at("2026-10-31T05:00:00Z"), "midnight in Chicago in summer");
        let told = series.told("/me/vitals").unwrap();
        let times: Vec<&str> = told.rows.iter().map(|[time, ..]| time.as_str()).collect();
        assert_eq!(times, ["01:30", "03:00", "10:00"], "half past one came twice, and the day before is not shown");
        assert_eq!(told.rows.first().map(|[_, _, _, median, ..]| median.as_str()), Some("110"));
        assert_eq!(told.rows.get(1).map(|[_, least, ..]| least.as_str()), Some("40"));
        let paths: Vec<&str> = told.days.iter().map(|day| day.path.as_str()).collect();
        let ends = ["2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z"].map(|end| at(end).micros() / 1_000_000);
        assert_eq!(paths, ends.map(|end| format!("/me/vitals?span=day&to={end}")), "a day of 25 hours ends after them");
    }

    #[test]
    fn both_units_are_told() {
        assert_eq!([both(180.0), a_day(0.7), percent(0.125)], ["180 mg/dL (10.0 mmol/L)", "16 h 48 min", "12.5 %"]);
    }
}
