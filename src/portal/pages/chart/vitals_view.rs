//! What a page shows of vitals: channels below one another on one axis of time, each with its newest value, its drawing
//! and a table of the same numbers.

use std::cmp::Reverse;

use jiff::tz::TimeZone;

use super::glucose::METRIC;
use crate::model::time::{DAY_US, MINUTE_US, Timestamp};
use crate::portal::chart::{Chart, ChartBucket};
use crate::portal::shown::{ago, exact, formatted, is_of_another_day, is_stale, moment, number, sentence, unit};
use crate::portal::visit::{Visit, form_token};
use crate::portal::words::WORDS;
use crate::portal::words::glucose::GLUCOSE;
use crate::store::care::chart::PlanLine;
use crate::store::care::vitals::{BucketEvery, NewestVital, Vitals, VitalsBucket};

/// A metric that is drawn, and what is usual for an adult at rest: a band to read by, and no diagnosis. Heart rate,
/// breathing and pressure by the American Heart Association, oxygen by the WHO's manual of pulse oximetry, glucose by
/// the ADA's time in range.
struct Drawn {
    metric: &'static str,
    usual: Option<(f64, f64)>,
    adds_up: bool,
}

const fn drawn(metric: &'static str, usual: Option<(f64, f64)>) -> Drawn {
    Drawn { metric, usual, adds_up: false }
}

const DRAWN: [Drawn; 11] = [
    drawn("heart_rate", Some((60.0, 100.0))),
    drawn("oxygen_saturation", Some((95.0, 100.0))),
    drawn("interstitial_glucose", Some((70.0, 180.0))),
    drawn("blood_glucose", Some((70.0, 180.0))),
    drawn("systolic_blood_pressure", Some((90.0, 120.0))),
    drawn("diastolic_blood_pressure", Some((60.0, 80.0))),
    drawn("respiratory_rate", Some((12.0, 20.0))),
    drawn("body_temperature", Some((36.1, 37.2))),
    drawn("skin_temperature", None),
    drawn("body_weight", None),
    Drawn { metric: "step_count", usual: None, adds_up: true },
];
/// Rows of a table at most: what is nearer together than a reader can use is put together.
const TABLE_ROWS: usize = 24;

/// Every metric that is drawn.
pub(in crate::portal) fn metrics() -> Vec<&'static str> {
    DRAWN.iter().map(|drawn| drawn.metric).collect()
}

/// How long a time is shown.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::portal) enum VitalsSpan {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl VitalsSpan {
    pub(in crate::portal) const ALL: [VitalsSpan; 5] =
        [VitalsSpan::Hour, VitalsSpan::Day, VitalsSpan::Week, VitalsSpan::Month, VitalsSpan::Year];

    /// As it stands in a URL.
    pub(in crate::portal) fn word(self) -> &'static str {
        match self {
            VitalsSpan::Hour => "hour",
            VitalsSpan::Day => "day",
            VitalsSpan::Week => "week",
            VitalsSpan::Month => "month",
            VitalsSpan::Year => "year",
        }
    }

    pub(in crate::portal) fn of(word: &str) -> VitalsSpan {
        VitalsSpan::ALL.into_iter().find(|span| span.word() == word).unwrap_or(VitalsSpan::Day)
    }

    fn title(self) -> &'static str {
        match self {
            VitalsSpan::Hour => WORDS.hour,
            VitalsSpan::Day => WORDS.day,
            VitalsSpan::Week => WORDS.week,
            VitalsSpan::Month => WORDS.month,
            VitalsSpan::Year => WORDS.year,
        }
    }

    pub(in crate::portal) fn micros(self) -> i64 {
        match self {
            VitalsSpan::Hour => 60 * MINUTE_US,
            VitalsSpan::Day => DAY_US,
            VitalsSpan::Week => 7 * DAY_US,
            VitalsSpan::Month => 31 * DAY_US,
            VitalsSpan::Year => 366 * DAY_US,
        }
    }

    pub(in crate::portal) fn every(self) -> BucketEvery {
        match self {
            VitalsSpan::Hour | VitalsSpan::Day => BucketEvery::Minute,
            VitalsSpan::Week | VitalsSpan::Month => BucketEvery::Hour,
            VitalsSpan::Year => BucketEvery::Day,
        }
    }

    fn format(self) -> &'static str {
        match self {
            VitalsSpan::Hour | VitalsSpan::Day => "%H:%M",
            VitalsSpan::Week => "%a %-d",
            VitalsSpan::Month => "%-d %b",
            VitalsSpan::Year => "%b %Y",
        }
    }
}

/// The newest value of a metric.
pub(in crate::portal) struct Tile {
    pub(in crate::portal) metric: String,
    pub(in crate::portal) title: String,
    pub(in crate::portal) value: String,
    pub(in crate::portal) unit: String,
    pub(in crate::portal) ago: String,
    pub(in crate::portal) is_stale: bool,
}

/// Newest values, those that are drawn first and in their order; what is older than a day bears its time.
pub(in crate::portal) fn tiles(newest: &[NewestVital], now: Timestamp, zone: &TimeZone) -> Vec<Tile> {
    let tile = |vital: &NewestVital| Tile {
        metric: vital.metric.clone(),
        title: vital.title.clone(),
        value: match (vital.value, &vital.code) {
            (Some(value), _) => number(value),
            (None, Some(code)) => sentence(code),
            (None, None) => "–".to_owned(),
        },
        unit: unit(&vital.unit).to_owned(),
        ago: match is_of_another_day(vital.measured_at, now) {
            true => moment(vital.measured_at, zone),
            false => ago(vital.measured_at, now),
        },
        is_stale: is_stale(vital.measured_at, now),
    };
    let of = |drawn: &Drawn| newest.iter().find(|vital| vital.metric == drawn.metric);
    DRAWN.iter().filter_map(of).map(tile).collect()
}

/// The page of vitals.
pub(in crate::portal) struct VitalsView {
    /// Name, path, whether it is shown.
    pub(in crate::portal) spans: Vec<(&'static str, String, bool)>,
    pub(in crate::portal) earlier: String,
    pub(in crate::portal) later: Option<String>,
    pub(in crate::portal) shown: String,
    pub(in crate::portal) as_of: String,
    pub(in crate::portal) channels: Vec<ChannelView>,
}

/// One metric.
pub(in crate::portal) struct ChannelView {
    pub(in crate::portal) key: &'static str,
    pub(in crate::portal) title: String,
    pub(in crate::portal) unit: String,
    pub(in crate::portal) newest: Option<Tile>,
    pub(in crate::portal) svg: String,
    pub(in crate::portal) y: [String; 3],
    pub(in crate::portal) x: Vec<String>,
    pub(in crate::portal) usual: Option<String>,
    pub(in crate::portal) goal: Option<String>,
    pub(in crate::portal) adds_up: bool,
    /// What the page of its profile is called, where it has one.
    pub(in crate::portal) profile: Option<&'static str>,
    pub(in crate::portal) rows: Vec<[String; 5]>,
}

/// What is asked: whose pages these are, which time, and how it is shown.
pub(in crate::portal) struct VitalsAsked<'a> {
    /// `/me/vitals`.
    pub(in crate::portal) base: &'a str,
    pub(in crate::portal) span: VitalsSpan,
    /// The end of the time; the present where it goes on.
    pub(in crate::portal) to: Timestamp,
    pub(in crate::portal) now: Timestamp,
    pub(in crate::portal) zone: &'a TimeZone,
    /// Whether what is usual of adults is of this person.
    pub(in crate::portal) is_adult: bool,
}

impl VitalsAsked<'_> {
    fn from(&self) -> i64 {
        self.to.micros() - self.span.micros()
    }

    fn is_present(&self) -> bool {
        self.to >= self.now
    }

    fn path(&self, span: VitalsSpan, to: Option<i64>) -> String {
        let to = to.map(|to| format!("&to={}", to / 1_000_000)).unwrap_or_default();
        format!("{}?span={}{to}", self.base, span.word())
    }
}

/// Puts the page together.
pub(in crate::portal) fn view(asked: &VitalsAsked<'_>, vitals: &Vitals, plans: &[PlanLine]) -> VitalsView {
    let (from, to, length) = (asked.from(), asked.to.micros(), asked.span.micros());
    let own = (!asked.is_present()).then_some(to);
    let spans = VitalsSpan::ALL.map(|span| (span.title(), asked.path(span, own), span == asked.span));
    let later = own.map(|to| asked.path(asked.span, Some(to + length).filter(|to| *to < asked.now.micros())));
    let tiles = tiles(&vitals.newest, asked.now, asked.zone);
    let channel = |drawn: &'static Drawn| channel(asked, drawn, vitals, plans);
    let mut channels: Vec<ChannelView> = DRAWN.iter().filter_map(channel).collect();
    for (channel, tile) in tiles
        .into_iter()
        .filter_map(|tile| Some((channels.iter().position(|channel| channel.key == tile.metric)?, tile)))
        .collect::<Vec<_>>()
    {
        if let Some(channel) = channels.get_mut(channel) {
            channel.newest = Some(tile);
        }
    }
    let shown = |at: i64| Timestamp::from_micros(at).map(|at| moment(at, asked.zone)).unwrap_or_default();
    VitalsView {
        spans: spans.into(),
        earlier: asked.path(asked.span, Some(to - length)),
        later,
        shown: format!("{} – {}", shown(from), shown(to)),
        as_of: moment(asked.now, asked.zone),
        channels,
    }
}

/// A metric that was measured at some time.
fn channel(asked: &VitalsAsked<'_>, drawn: &'static Drawn, vitals: &Vitals, plans: &[PlanLine]) -> Option<ChannelView> {
    let buckets: Vec<&VitalsBucket> = vitals.buckets.iter().filter(|bucket| bucket.metric == drawn.metric).collect();
    let newest = vitals.newest.iter().find(|vital| vital.metric == drawn.metric);
    let of = buckets.first().map(|bucket| bucket.unit.as_str()).or(newest.map(|vital| vital.unit.as_str()))?;
    let title = newest.map_or_else(|| sentence(drawn.metric), |vital| vital.title.clone());
    let points = points(&buckets, drawn.adds_up);
    let goal = goal(drawn, of, plans, asked.span);
    let usual = drawn.usual.filter(|_| asked.is_adult);
    let describes = describes(&points, of);
    let (from, to) = (asked.from(), asked.to.micros());
    let chart = Chart {
        key: drawn.metric,
        title: &title,
        describes: &describes,
        from,
        to,
        points: &points,
        adds_up: drawn.adds_up,
        usual,
        goal,
    };
    let drawing = chart.draw();
    let label = |place: i64| {
        let at = Timestamp::from_micros(from + (to - from) / 4 * place).unwrap_or(asked.to);
        formatted(at, asked.zone, asked.span.format())
    };
    Some(ChannelView {
        key: drawn.metric,
        title,
        unit: unit(of).to_owned(),
        newest: None,
        svg: drawing.svg,
        y: drawing.labels,
        x: (0..5).map(label).collect(),
        usual: usual.map(|(least, greatest)| format!("{} – {} {}", exact(least), exact(greatest), unit(of))),
        goal: goal.map(|goal| format!("{} {}", exact(goal), unit(of))),
        adds_up: drawn.adds_up,
        profile: (drawn.metric == METRIC).then_some(GLUCOSE.title),
        rows: rows(&points, drawn.adds_up, asked),
    })
}

/// Devices are numbered in the order in which they come. Of what adds up, two devices at once have counted the same:
/// of each bucket, the one that told more of it stands.
fn points(buckets: &[&VitalsBucket], adds_up: bool) -> Vec<ChartBucket> {
    let mut devices: Vec<&str> = Vec::new();
    let mut points = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        let device = devices.iter().position(|device| *device == bucket.device).unwrap_or_else(|| {
            devices.push(&bucket.device);
            devices.len() - 1
        });
        points.push(ChartBucket {
            at: bucket.bucket_at.micros(),
            stop: bucket.stop_at.micros(),
            value: bucket.value,
            lowest: bucket.lowest,
            highest: bucket.highest,
            count: bucket.count,
            device,
        });
    }
    if adds_up {
        points.sort_by_key(|point| (point.at, Reverse(point.count), point.device));
        points.dedup_by_key(|point| point.at);
    }
    points
}

/// The person's own goal, where it is of this unit and of buckets of its length.
fn goal(drawn: &Drawn, of: &str, plans: &[PlanLine], span: VitalsSpan) -> Option<f64> {
    let fits = |plan: &&PlanLine| {
        let is_of_days = plan.per.as_deref() == Some("day") && span.every() == BucketEvery::Day;
        plan.metric.as_deref() == Some(drawn.metric)
            && plan.unit.as_deref() == Some(of)
            && (!drawn.adds_up || is_of_days)
    };
    plans.iter().find(fits)?.target
}

/// What who does not see it is told.
fn describes(points: &[ChartBucket], of: &str) -> String {
    let (Some(least), Some(greatest)) = (
        points.iter().map(|point| point.lowest).reduce(f64::min),
        points.iter().map(|point| point.highest).reduce(f64::max),
    ) else {
        return WORDS.nothing_in_time.to_owned();
    };
    let count: i64 = points.iter().map(|point| point.count).sum();
    let of = unit(of);
    format!(
        "{} {} {of}, {} {} {of}, {count} {}.",
        WORDS.least,
        number(least),
        WORDS.greatest.to_lowercase(),
        number(greatest),
        WORDS.samples.to_lowercase()
    )
}

/// The same numbers, as many rows as somebody reads.
fn rows(points: &[ChartBucket], adds_up: bool, asked: &VitalsAsked<'_>) -> Vec<[String; 5]> {
    let width = asked.span.micros() / i64::try_from(TABLE_ROWS).unwrap_or(1);
    let place = |point: &ChartBucket| (point.at - asked.from()).div_euclid(width.max(1));
    let row = |group: &[ChartBucket]| {
        let count: i64 = group.iter().map(|point| point.count).sum();
        let total: f64 = match adds_up {
            true => group.iter().map(|point| point.value).sum(),
            false => group.iter().map(|point| point.value * point.count as f64).sum::<f64>() / count.max(1) as f64,
        };
        let least = group.iter().map(|point| point.lowest).fold(f64::INFINITY, f64::min);
        let greatest = group.iter().map(|point| point.highest).fold(f64::NEG_INFINITY, f64::max);
        let at = group.first().and_then(|point| Timestamp::from_micros(point.at).ok());
        let at = at.map(|at| moment(at, asked.zone)).unwrap_or_default();
        [at, number(total), number(least), number(greatest), count.to_string()]
    };
    points.chunk_by(|one, next| place(one) == place(next)).map(row).collect()
}

/// Where a page listens for what is new: until the session would end if nobody touched the page any more.
pub(in crate::portal) fn live_path(base: &str, visit: &Visit, now: Timestamp) -> String {
    let until = now.plus_micros(i64::from(visit.portal.limits.idle_minutes) * MINUTE_US).micros() / 1_000_000;
    let proof = visit.token.as_ref().map(|token| live_proof(&form_token(token), until)).unwrap_or_default();
    format!("{base}/live?until={until}&proof={proof}")
}

/// That a page of this session was loaded that listens until then.
pub(in crate::portal) fn live_proof(form_token: &str, until: i64) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, form_token.as_bytes());
    let digest = hex::encode(ring::hmac::sign(&key, &until.to_be_bytes()).as_ref());
    digest.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(device: &str, at: i64, count: i64, value: f64) -> VitalsBucket {
        let of = |micros: i64| Timestamp::from_micros(micros).unwrap();
        VitalsBucket {
            device: device.to_owned(),
            metric: "step_count".to_owned(),
            bucket_at: of(at),
            stop_at: of(at + 60),
            count,
            value,
            lowest: value,
            highest: value,
            unit: "{steps}".to_owned(),
        }
    }

    #[test]
    fn steps_that_two_devices_counted_are_counted_once() {
        let told = [bucket("phone", 0, 2, 700.0), bucket("watch", 0, 9, 800.0), bucket("phone", 60, 2, 100.0)];
        let told: Vec<&VitalsBucket> = told.iter().collect();
        let values = |adds_up: bool| points(&told, adds_up).iter().map(|point| point.value).collect::<Vec<f64>>();
        assert_eq!(values(true), [800.0, 100.0]);
        assert_eq!(values(false), [700.0, 800.0, 100.0]);
        let devices: Vec<usize> = points(&told, false).iter().map(|point| point.device).collect();
        assert_eq!(devices, [0, 1, 0]);
    }
}
