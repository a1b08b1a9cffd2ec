//! Rollups: what the samples give, at every moment, in every zone.
//!
//! Samples are stored, erased, put into other blocks, held back in an open transaction, given their places in the feed
//! and rolled up, by chance and in any order. After each step hours and days of a zone are asked for and compared with
//! what a model counts that knows the samples and asks another calendar.

use std::collections::BTreeMap;

use healthtrack::model::block::{Block, BlockBuilder};
use healthtrack::model::origin::Origin;
use healthtrack::model::sample::{Flags, Sample, Spans};
use healthtrack::model::time::{DAY_US, SECOND_US, Timestamp};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::support::postgres::TestDatabase;

/// Weeks in which clocks are changed somewhere: Lord Howe and Santiago, Santiago, Lord Howe, New York and Havana.
const WEEKS: [&str; 4] = ["2024-04-04", "2024-09-05", "2024-10-03", "2024-10-31"];
const WEEK_S: i64 = 7 * 86_400;
const QUARTER_US: i64 = 900 * SECOND_US;
/// Off the full hour, changed by half an hour, without a midnight, with two, the wearer's, and plain ones.
const ZONES: [&str; 7] = [
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Havana",
    "America/New_York",
    "Asia/Kolkata",
    "UTC",
];
/// The last one is only written by the transaction that is held open.
const METRICS: [&str; 4] = ["heart_rate", "step_count", "blood_glucose", "oxygen_saturation"];
const HELD: usize = 3;

/// Some samples, one after another.
#[derive(Clone, Debug)]
struct Run {
    from_s: i64,
    count: i64,
    step_us: i64,
    /// Every so many steps one is left out; 0 for none.
    leaves_out: i64,
    /// Every so many samples one is a bound; 0 for none.
    bounds: i64,
}

#[derive(Clone, Debug)]
enum Step {
    Store(usize, Run),
    /// In a transaction that is still open.
    Hold(Run),
    Release,
    Erase(usize, i64, i64),
    /// Into blocks of so many samples.
    Rearrange(usize),
    Number,
    Close(i64, i32),
    /// A step whose session dies.
    CloseAndDie(i64, i32),
}

/// A question: the zone, from, to, and whether by hour.
type Question = (usize, i64, i64, bool);

fn run() -> impl Strategy<Value = Run> {
    let step_us = prop_oneof![
        Just(SECOND_US),
        Just(5 * SECOND_US),
        Just(7_300_001),
        Just(60 * SECOND_US),
        Just(QUARTER_US),
        Just(5_400 * SECOND_US)
    ];
    (0..WEEK_S, prop_oneof![Just(1_i64), 1..5_i64, 1..400_i64], step_us, 0..7_i64, 0..5_i64).prop_map(
        |(from_s, count, step_us, leaves_out, bounds)| {
            let count = count.min(2 * DAY_US / step_us);
            Run { from_s, count, step_us, leaves_out, bounds }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..HELD, run()).prop_map(|(series, run)| Step::Store(series, run)),
        2 => run().prop_map(Step::Hold),
        2 => Just(Step::Release),
        1 => (0..HELD, 0..WEEK_S, 1..86_400_i64).prop_map(|(series, from_s, long_s)| Step::Erase(series, from_s, long_s)),
        1 => (1..300_usize).prop_map(Step::Rearrange),
        3 => Just(Step::Number),
        5 => (0..WEEK_S + 86_400, 1..40_i32).prop_map(|(before_s, days)| Step::Close(before_s, days)),
        1 => (0..WEEK_S, 1..40_i32).prop_map(|(before_s, days)| Step::CloseAndDie(before_s, days)),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    (0..ZONES.len(), -86_400..WEEK_S, 1..4 * 86_400_i64, any::<bool>())
        .prop_map(|(zone, from_s, long_s, by_hour)| (zone, from_s, from_s + long_s, by_hour))
}

/// What a bucket of a series holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bucket {
    count: i64,
    below: i64,
    above: i64,
    sum: Option<f64>,
    least: Option<f64>,
    greatest: Option<f64>,
    first: Option<f64>,
    last: Option<f64>,
}

impl Bucket {
    fn add(&mut self, sample: &Sample) {
        if sample.flags.0 & Flags::ABOVE_RANGE.0 != 0 {
            self.above += 1;
        } else if sample.flags.0 & Flags::BELOW_RANGE.0 != 0 {
            self.below += 1;
        } else {
            self.count += 1;
            self.sum = Some(self.sum.unwrap_or(0.0) + sample.value);
            self.least = Some(self.least.map_or(sample.value, |least| least.min(sample.value)));
            self.greatest = Some(self.greatest.map_or(sample.value, |greatest| greatest.max(sample.value)));
            self.first = self.first.or(Some(sample.value));
            self.last = Some(sample.value);
        }
    }
}

struct World {
    connection: PgConnection,
    /// Its transaction is open while something is held.
    other: PgConnection,
    url: String,
    start_us: i64,
    series: Vec<i32>,
    samples: Vec<BTreeMap<i64, Sample>>,
    held: Option<BTreeMap<i64, Sample>>,
    block_max: usize,
}

impl World {
    async fn begin(database: &TestDatabase, week: usize) -> World {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let other = PgConnection::connect(database.url()).await.unwrap();
        let start = format!("{}T00:00:00Z", WEEKS[week]);
        // A statement that is kept keeps its first plan, until something makes that void.
        execute(&mut connection, "SET plan_cache_mode = force_generic_plan").await;
        execute(
            &mut connection,
            &format!(
                "DELETE FROM signal.block; TRUNCATE signal.rollup_day, signal.rollup_stale, signal.change_commit,
                     signal.change_batch;
                 UPDATE signal.rollup_place SET closed_until = '-infinity', change = 0;
                 SELECT signal.ensure_chunk_within('{0}'::date + day, '{0}'::date + day, '{0}'::date + day + 1)
                 FROM generate_series(-1, 10) AS day",
                WEEKS[week]
            ),
        )
        .await;
        let series = sqlx::query_scalar(
            "SELECT series_id FROM signal.series JOIN signal.metric USING (metric_id) ORDER BY array_position($1, name)",
        )
        .bind(METRICS.map(str::to_owned).to_vec())
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let start_us = Timestamp::parse_rfc3339(&start).unwrap().micros();
        let samples = vec![BTreeMap::new(); METRICS.len()];
        World {
            connection,
            other,
            url: database.url().to_owned(),
            start_us,
            series,
            samples,
            held: None,
            block_max: 960,
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Store(series, run) => {
                let added = self.add(*series, run);
                execute(&mut self.connection, "BEGIN").await;
                store(&mut self.connection, self.series[*series], &self.samples[*series], &added, self.block_max).await;
                execute(&mut self.connection, "COMMIT").await;
            }
            Step::Hold(run) => {
                if self.held.is_some() {
                    return;
                }
                let before = self.samples[HELD].clone();
                let added = self.add(HELD, run);
                let after = std::mem::replace(&mut self.samples[HELD], before);
                execute(&mut self.other, "BEGIN").await;
                store(&mut self.other, self.series[HELD], &after, &added, self.block_max).await;
                self.held = Some(after);
            }
            Step::Release => {
                if let Some(after) = self.held.take() {
                    execute(&mut self.other, "COMMIT").await;
                    self.samples[HELD] = after;
                }
            }
            Step::Erase(series, from_s, long_s) => {
                let (from, to) = (self.at(*from_s), self.at(from_s + long_s));
                self.samples[*series].retain(|start, _| *start < from || *start >= to);
                self.erase(*series, from, to).await;
            }
            Step::Rearrange(size) => {
                self.block_max = *size;
                let days = self.days();
                for series in 0..HELD {
                    rewrite(&mut self.connection, self.series[series], &self.samples[series], days.clone(), *size)
                        .await;
                }
            }
            Step::Number => execute(&mut self.connection, "SELECT signal.number_changes()").await,
            Step::Close(before_s, days) => {
                let close = close(self.at(*before_s), *days);
                execute(&mut self.connection, &close).await;
            }
            Step::CloseAndDie(before_s, days) => {
                let mut dying = PgConnection::connect(&self.url).await.unwrap();
                execute(&mut dying, &format!("BEGIN; {}", close(self.at(*before_s), *days))).await;
                let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut dying).await.unwrap();
                execute(&mut self.connection, &format!("SELECT pg_terminate_backend({pid}, 10000)")).await;
            }
        }
    }

    fn at(&self, s: i64) -> i64 {
        self.start_us + s * SECOND_US
    }

    fn days(&self) -> std::ops::RangeInclusive<i64> {
        let first = self.start_us / DAY_US;
        first - 1..=first + 10
    }

    /// Puts a run's samples into the model, but those whose start is taken; which those were.
    fn add(&mut self, series: usize, run: &Run) -> Vec<i64> {
        let mut added = Vec::new();
        for place in (0..run.count).filter(|place| run.leaves_out == 0 || place % (run.leaves_out + 1) != 1) {
            let start = self.at(run.from_s) + place * run.step_us;
            let flags = match run.bounds > 0 && place % (run.bounds + 1) == 1 {
                true => [Flags::BELOW_RANGE, Flags::ABOVE_RANGE, Flags::UNLIKELY][usize::try_from(place % 3).unwrap()],
                false => Flags::NONE,
            };
            let sample = Sample {
                start: Timestamp::from_micros(start).unwrap(),
                span_us: (METRICS[series] == "step_count").then_some(run.step_us),
                value: ((start / 1_000) % 509) as f64 / 2.0,
                flags,
                origin: Origin::default(),
            };
            if let std::collections::btree_map::Entry::Vacant(free) = self.samples[series].entry(start) {
                free.insert(sample);
                added.push(start);
            }
        }
        added
    }

    async fn erase(&mut self, series: usize, from: i64, to: i64) {
        let mut transaction = self.connection.begin().await.unwrap();
        let days = from / DAY_US..=to / DAY_US;
        rewrite(&mut transaction, self.series[series], &self.samples[series], days, self.block_max).await;
        let note = format!(
            "SELECT signal.note_changes(ARRAY[{}], ARRAY[{}], ARRAY[{}], '{{NULL}}', '{{3}}')",
            self.series[series],
            moment(from),
            moment(to - 1)
        );
        execute(&mut transaction, &note).await;
        transaction.commit().await.unwrap();
    }

    /// Asks, and compares with the model.
    async fn check(&mut self, (zone, from_s, to_s, by_hour): Question) {
        let (from, to) = (self.at(from_s), self.at(to_s));
        let buckets = buckets(&TimeZone::get(ZONES[zone]).unwrap(), from, to, by_hour);
        let mut expected: BTreeMap<(String, i64), Bucket> = BTreeMap::new();
        for (series, samples) in self.samples.iter().enumerate() {
            for (start, sample) in samples {
                let after = buckets.partition_point(|(first, _)| first <= start);
                let Some((first, stop)) = after.checked_sub(1).map(|place| buckets[place]) else { continue };
                if *start < stop {
                    expected.entry((METRICS[series].to_owned(), first)).or_default().add(sample);
                }
            }
        }
        let every = if by_hour { "hour" } else { "day" };
        let query = format!(
            "SELECT metric, (extract(epoch FROM bucket_at) * 1000000)::bigint AS at, count, below, above, sum, least,
                    greatest, first, last, mean, is_settled
             FROM signal.rollup(NULL, NULL, '{every}', {}, {}, '{}')",
            moment(from),
            moment(to),
            ZONES[zone]
        );
        let told = read(&mut self.connection, &query).await;
        assert_eq!(told, expected, "{every} {} {from} {to}", ZONES[zone]);
        if ZONES[zone] == "UTC" && !by_hour {
            let daily =
                "SELECT metric, (extract(epoch FROM day) * 1000000)::bigint AS at, count::bigint, below::bigint,
                                above::bigint, sum, least, greatest, first, last, mean, is_settled
                         FROM signal.daily WHERE day >= ";
            let day = |at: i64| format!("({} AT TIME ZONE 'UTC')::date", moment(at));
            let query = format!("{daily} {} AND day <= {}", day(from), day(to - 1));
            assert_eq!(read(&mut self.connection, &query).await, expected, "signal.daily {from} {to}");
        }
    }

    /// Asks for the newest samples, by a plan of this moment and by one that was made when the world began.
    async fn check_last(&mut self) {
        let expected: BTreeMap<String, (i64, Option<f64>)> = self
            .samples
            .iter()
            .zip(METRICS)
            .filter_map(|(samples, metric)| Some((metric.to_owned(), samples.last_key_value()?.1)))
            .map(|(metric, sample)| {
                let is_bound = sample.flags.0 & (Flags::BELOW_RANGE.0 | Flags::ABOVE_RANGE.0) != 0;
                (metric, (sample.start.micros(), (!is_bound).then_some(sample.value)))
            })
            .collect();
        for is_kept in [false, true] {
            let rows = sqlx::query(NEWEST).persistent(is_kept).fetch_all(&mut self.connection).await.unwrap();
            let told = rows.iter().map(|row| (row.get("metric"), (row.get("at"), row.get("value")))).collect();
            assert_eq!(expected, told, "signal.last, the plan kept: {is_kept}");
        }
    }

    /// Asks what goals of the wearer have measured by day, and compares with the samples that came while it was worn.
    async fn check_goals(&mut self, (_, from_s, to_s, _): Question) {
        let zone = TimeZone::get("America/New_York").unwrap();
        let shown = |at: i64| zone.to_datetime(jiff::Timestamp::from_microsecond(at).unwrap()).date().to_string();
        let (from, to) = (shown(self.at(from_s)), shown(self.at(to_s) + DAY_US));
        let (taken_off, put_on) = PAUSE.map(|at| Timestamp::parse_rfc3339(at).unwrap().micros()).into();
        let mut expected: BTreeMap<(String, String), Bucket> = BTreeMap::new();
        for (metric, samples) in METRICS.iter().zip(&self.samples).take(HELD) {
            for (start, sample) in samples {
                let day = shown(*start);
                let is_bound = sample.flags.0 & (Flags::BELOW_RANGE.0 | Flags::ABOVE_RANGE.0) != 0;
                if !is_bound && day >= from && day < to && !(taken_off..put_on).contains(start) {
                    expected.entry(((*metric).to_owned(), day)).or_default().add(sample);
                }
            }
        }
        let query = format!(
            "SELECT goal.metric, measured_on::text AS day, parts, total, lowest, highest, latest
             FROM care.goal CROSS JOIN LATERAL care.measure_goal_days(goal, '{from}', '{to}')"
        );
        let rows = sqlx::query(AssertSqlSafe(query)).persistent(false).fetch_all(&mut self.connection).await.unwrap();
        let told: BTreeMap<(String, String), Bucket> = rows
            .iter()
            .map(|row| {
                let bucket = Bucket {
                    count: row.get("parts"),
                    sum: row.get("total"),
                    least: row.get("lowest"),
                    greatest: row.get("highest"),
                    last: row.get("latest"),
                    ..Bucket::default()
                };
                ((row.get("metric"), row.get("day")), bucket)
            })
            .collect();
        let expected = expected.into_iter().map(|(of, bucket)| (of, Bucket { first: None, ..bucket })).collect();
        assert_eq!(told, expected, "goals from {from} to {to}");
        assert_eq!(rows.len(), told.len(), "a day comes once");
    }
}

/// When the device was taken off for two days, and put on again, each within a day.
const PAUSE: [&str; 2] = ["2024-04-06T15:30:00Z", "2024-04-08T10:00:00Z"];

const NEWEST: &str = "SELECT metric, (extract(epoch FROM start_at) * 1000000)::bigint AS at, value FROM signal.last";

fn close(before: i64, days: i32) -> String {
    format!("SELECT signal.close_rollups({}, {days})", moment(before))
}

async fn execute(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await.unwrap();
}

fn moment(micros: i64) -> String {
    format!("(timestamptz 'epoch' + {micros} * INTERVAL '1 microsecond')")
}

async fn read(connection: &mut PgConnection, query: &str) -> BTreeMap<(String, i64), Bucket> {
    let rows = sqlx::query(AssertSqlSafe(query.to_owned())).persistent(false).fetch_all(connection).await.unwrap();
    let mut told = BTreeMap::new();
    for row in rows {
        let bucket = Bucket {
            count: row.get("count"),
            below: row.get("below"),
            above: row.get("above"),
            sum: row.get("sum"),
            least: row.get("least"),
            greatest: row.get("greatest"),
            first: row.get("first"),
            last: row.get("last"),
        };
        let mean: Option<f64> = row.get("mean");
        assert_eq!(mean, bucket.sum.map(|sum| sum / bucket.count as f64));
        assert!(row.get::<bool, _>("is_settled"), "nothing is archived");
        assert_eq!(told.insert((row.get("metric"), row.get("at")), bucket), None, "a bucket comes once");
    }
    told
}

/// The buckets that touch a time, by going through it in steps of a quarter.
fn buckets(zone: &TimeZone, from: i64, to: i64, by_hour: bool) -> Vec<(i64, i64)> {
    let shown = |at: i64| {
        let at = jiff::Timestamp::from_microsecond(at).unwrap();
        let local = zone.to_datetime(at);
        let hour = by_hour.then(|| (local.hour(), zone.to_offset(at).seconds()));
        (local.date(), hour)
    };
    let low = (from - 2 * DAY_US).div_euclid(QUARTER_US) * QUARTER_US;
    let steps: Vec<i64> = (0..).map(|place| low + place * QUARTER_US).take_while(|at| *at < to + 2 * DAY_US).collect();
    let starts: Vec<i64> =
        steps.windows(2).filter(|pair| shown(pair[0]) != shown(pair[1])).map(|pair| pair[1]).collect();
    starts.windows(2).map(|pair| (pair[0], pair[1])).filter(|(first, stop)| *first < to && *stop > from).collect()
}

/// Writes the days of new samples anew, and lists the samples in the feed of changes.
async fn store(
    connection: &mut PgConnection,
    series: i32,
    samples: &BTreeMap<i64, Sample>,
    added: &[i64],
    block_max: usize,
) {
    let (Some(first), Some(last)) = (added.first(), added.last()) else { return };
    rewrite(&mut *connection, series, samples, first / DAY_US..=last / DAY_US, block_max).await;
    for day in added.chunk_by(|one, next| one / DAY_US == next / DAY_US) {
        let note = format!(
            "SELECT signal.note_changes(ARRAY[{series}], ARRAY[{}], ARRAY[{}], ARRAY[{}], NULL)",
            moment(day[0]),
            moment(day[day.len() - 1]),
            day.len()
        );
        execute(&mut *connection, &note).await;
    }
}

async fn rewrite(
    connection: &mut PgConnection,
    series: i32,
    samples: &BTreeMap<i64, Sample>,
    days: std::ops::RangeInclusive<i64>,
    block_max: usize,
) {
    let (from, to) = (days.start() * DAY_US, (days.end() + 1) * DAY_US);
    let gone = format!(
        "DELETE FROM signal.block WHERE series_id = {series} AND start_at >= {} AND start_at < {}",
        moment(from),
        moment(to)
    );
    execute(&mut *connection, &gone).await;
    let mut builder = BlockBuilder::of_at_most(block_max);
    builder.add_samples(&samples.range(from..to).map(|(_, sample)| *sample).collect::<Vec<_>>());
    for block in builder.finish() {
        insert(&mut *connection, series, &block).await;
    }
}

async fn insert(connection: &mut PgConnection, series: i32, block: &Block) {
    let flags: Vec<i16> = block.flags.iter().map(|flags| i16::from(flags.0)).collect();
    let (span_us, spans_us) = match &block.spans {
        Spans::None => (None, None),
        Spans::Each(span_us) => (Some(*span_us), None),
        Spans::Own(spans_us) => (None, Some(spans_us.clone())),
    };
    let statement = format!(
        "INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, gaps, spans_us, flags, values)
         VALUES ({}, {}, $1, $2, $3, $4, $5, $6, $7)",
        moment(block.start.micros()),
        moment(block.stop.micros())
    );
    sqlx::query(AssertSqlSafe(statement))
        .persistent(false)
        .bind(block.tick_us)
        .bind(span_us)
        .bind(series)
        .bind(&block.gaps)
        .bind(spans_us)
        .bind((!flags.is_empty()).then_some(flags))
        .bind(&block.values)
        .execute(connection)
        .await
        .unwrap();
}

async fn seeded() -> TestDatabase {
    seeded_in("America/New_York").await
}

async fn seeded_in(zone: &str) -> TestDatabase {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let names = METRICS.map(|name| format!("'{name}'")).join(",");
    // Of the last metric some is not committed yet.
    let goals = METRICS[..HELD].iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    let [off, on] = PAUSE;
    let statement = format!(
        "INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'watch', 'test');
         INSERT INTO signal.series (device_key, metric_id)
         SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name IN ({names});
         INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
         VALUES ('0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', '1980-05-17', 'female', '{zone}');
         INSERT INTO care.wear (patient_id, device_key, worn_during)
         SELECT '0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', device_key, during
         FROM signal.device, unnest(ARRAY['[2024-01-01, {off})', '[{on},)']::tstzrange[]) AS worn (during);
         INSERT INTO care.goal (patient_id, title, metric, measure, comparator, target, per, pursued_during)
         SELECT '0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', 'x', name, 'sum', 'at_least', 1, 'day', '[2024-01-01, 2024-12-31)'
         FROM signal.metric WHERE name IN ({goals})"
    );
    execute(&mut connection, &statement).await;
    // TimescaleDB makes a chunk with the first row in it, and would wait for the transaction that is held open.
    for week in WEEKS {
        let days = format!("generate_series(date '{week}' - 3, date '{week}' + 12, INTERVAL '1 day') AS of (day)");
        let statement = format!(
            "SELECT signal.ensure_chunk(day::date) FROM {days};
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT day::timestamp AT TIME ZONE 'UTC', day::timestamp AT TIME ZONE 'UTC', 1, 0, '{{0}}' FROM {days};
             DELETE FROM signal.block WHERE series_id = 0"
        );
        execute(&mut connection, &statement).await;
    }
    database
}

#[test]
fn an_answer_is_what_the_samples_give() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(seeded());
    let steps = prop::collection::vec((step(), question()), 1..30);
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new(config)
        .run(&(0..WEEKS.len(), steps), |(week, steps)| {
            runtime.block_on(async {
                let mut world = World::begin(&database, week).await;
                for (step, question) in steps {
                    world.take(&step).await;
                    world.check(question).await;
                    world.check_last().await;
                    world.check_goals(question).await;
                }
                // Once nothing changes any more, everything is closed and nothing is computed.
                world.take(&Step::Release).await;
                world.take(&Step::Number).await;
                world.take(&Step::Close(61 * 86_400, 10_000)).await;
                let stale = "SELECT count(*) FROM signal.rollup_stale";
                let stale: i64 = sqlx::query_scalar(stale).fetch_one(&mut world.connection).await.unwrap();
                assert_eq!(stale, 0);
                execute(&mut world.connection, "DELETE FROM signal.block").await;
                for zone in 0..ZONES.len() {
                    for by_hour in [true, false] {
                        world.check((zone, -86_400, WEEK_S + 86_400, by_hour)).await;
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}

/// A day of 96 values of each series, noted in the feed as a daemon notes it.
const A_DAY: &str = "
    SELECT signal.ensure_chunk('2024-04-04');
    INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
    SELECT '2024-04-04 00:00Z', '2024-04-04 23:45Z', 900000000, series_id, array_fill(1.5::float8, ARRAY[96])
    FROM signal.series;
    SELECT signal.number_changes()";

#[tokio::test]
async fn the_hour_in_which_the_wearers_day_begins_is_counted_once() {
    for zone in ["Europe/London", "Atlantic/Cape_Verde", "Asia/Kathmandu"] {
        let database = seeded_in(zone).await;
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        execute(&mut connection, A_DAY).await;
        execute(&mut connection, "SELECT signal.close_rollups('2024-04-05 12:00Z', 100)").await;
        for every in ["hour", "day"] {
            for asked in ["UTC", "Europe/London", "Asia/Kathmandu"] {
                let query = format!(
                    "SELECT sum(count)::bigint FROM signal.rollup(NULL, NULL, '{every}', '2024-04-04', '2024-04-05', '{asked}')"
                );
                let told: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
                assert_eq!(told, 4 * 96, "by {every} in {asked}, worn in {zone}");
            }
        }
    }
}

#[tokio::test]
async fn the_daemons_login_closes_and_whoever_reads_samples_asks() {
    let database = seeded().await;
    execute(&mut PgConnection::connect(database.url()).await.unwrap(), A_DAY).await;
    for role in ["ingest", "roller"] {
        let mut connection = PgConnection::connect(&database.url_as(role)).await.unwrap();
        if role == "ingest" {
            execute(&mut connection, "SELECT signal.close_rollups('2024-04-04 12:00Z', 100)").await;
            execute(&mut connection, "SELECT signal.close_rollups('2024-04-04 18:00Z', 100)").await;
        }
        for (from, sum) in [
            ("signal.rollup(NULL, NULL, 'day', '2024-04-04', '2024-04-05', 'America/New_York')", 576.0),
            ("signal.daily", 576.0),
            ("(SELECT value AS sum FROM signal.last) AS newest", 6.0),
        ] {
            let query = format!("SELECT sum(sum) FROM {from}");
            let told: f64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
            assert_eq!(told, sum, "{from} as {role}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_from_being_closed() {
    let database = seeded().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    execute(&mut connection, A_DAY).await;
    let damaged = "ALTER TABLE signal.block DROP CONSTRAINT block_times_are_forward;
         UPDATE signal.block SET tick_us = 0 WHERE series_id = (SELECT min(series_id) FROM signal.series)";
    execute(&mut connection, damaged).await;
    for hour in [12, 18, 24] {
        let close =
            format!("SELECT signal.close_rollups(timestamptz '2024-04-04 00:00Z' + {hour} * INTERVAL '1 h', 100)");
        execute(&mut connection, &close).await;
        let rows = "SELECT count(*) FROM signal.rollup_day WHERE count = 4 * $1";
        let rows: i64 = sqlx::query_scalar(rows).bind(hour).fetch_one(&mut connection).await.unwrap();
        assert_eq!(rows, 3, "the others, until {hour}");
    }
    let left = "SELECT count(*) FROM signal.rollup_stale WHERE failed_at IS NOT NULL";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 1);
    // Mended, and told by the feed.
    let mended = "UPDATE signal.block SET tick_us = 900000000 WHERE tick_us = 0;
         SELECT signal.note_changes(ARRAY[series_id], ARRAY[start_at], ARRAY[stop_at], ARRAY[96], NULL)
         FROM signal.block WHERE series_id = (SELECT min(series_id) FROM signal.series);
         SELECT signal.number_changes(); SELECT signal.close_rollups('2024-04-05 00:00Z', 100)";
    execute(&mut connection, mended).await;
    let rows = "SELECT count(*) FROM signal.rollup_day WHERE count = 96";
    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 4);
}
