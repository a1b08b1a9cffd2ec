//! What a source says anew of days that are archived: it ends as if nothing had ever been rolled.
//!
//! `HEALTHTRACK_ROLL_SEEDS` chooses how many random histories are tried, instead of the few of every test run.

use std::collections::BTreeMap;

use healthtrack::model::origin::Revision;
use healthtrack::model::revision::{Precedence, Start, Word};
use healthtrack::model::sample::Flags;
use healthtrack::mqtt::publisher::Publisher;
use serde_json::{Value, json};

use crate::roll::{FAULT_VARIABLE, TestStack};
use crate::rollup_archive::agree;
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::wait::wait_until;

/// 2024-03-05T23:57:00Z in milliseconds: midnight is three minutes later.
const FIRST_MS: i64 = 1_709_683_020_000;
const MINUTES: i64 = 6;
const DEVICES: [&str; 2] = ["ring-1", "Band.2"];
/// Of two instants the first stays, of two intervals and of two nights the later.
const METRICS: [(&str, Precedence); 3] =
    [("heart_rate", Precedence::ByShape), ("step_count", Precedence::ByShape), ("sleep_duration", Precedence::Later)];
const SEEDS: u64 = 2;
const MESSAGES: u64 = 40;

/// A minute as samples tell it.
fn told(minute: i64) -> String {
    let (day, minute) = if minute < 3 { (5, 57 + minute) } else { (6, minute - 3) };
    format!("2024-03-0{day}T{:02}:{minute:02}:00Z", if day == 5 { 23 } else { 0 })
}

/// What is said in one message of one series.
#[derive(Clone, Debug)]
struct Message {
    device: &'static str,
    metric: usize,
    /// Each with its minute, how many minutes it lasts, and its value.
    samples: Vec<(i64, Option<i64>, i64)>,
    revision: Option<i64>,
    /// From this minute on, so many.
    replaces: Option<(i64, i64)>,
}

impl Message {
    fn payload(&self) -> Vec<u8> {
        let ms = |minute: i64| FIRST_MS + minute * 60_000;
        let mut series = json!({
            "metric": METRICS[self.metric].0,
            "times": self.samples.iter().map(|(minute, ..)| ms(*minute)).collect::<Vec<_>>(),
            "values": self.samples.iter().map(|(.., value)| value).collect::<Vec<_>>(),
        });
        let ends: Option<Vec<i64>> =
            self.samples.iter().map(|(minute, span, _)| span.map(|span| ms(minute + span))).collect();
        if let (Some(ends), false) = (ends, self.samples.is_empty()) {
            series["ends"] = json!(ends);
        }
        if let Some(revision) = self.revision {
            series["revision"] = json!(revision);
        }
        if let Some((from, minutes)) = self.replaces {
            series["replaces"] = json!({ "from": ms(from), "to": ms(from + minutes) });
        }
        json!({ "v": 1, "series": [series] }).to_string().into_bytes()
    }

    fn topic(&self) -> String {
        format!("ht/1/main/{}/batch", self.device)
    }
}

/// What stands had nothing ever been rolled.
#[derive(Default)]
struct Model(BTreeMap<(&'static str, usize, i64), Start<()>>);

impl Model {
    fn hear(&mut self, message: &Message) {
        let Message { device, metric, samples, revision, replaces } = message;
        let revision = revision.and_then(Revision::new);
        for minute in replaces.iter().flat_map(|(from, minutes)| *from..from + minutes) {
            self.of(device, *metric, minute).replace(revision.unwrap());
        }
        for (minute, span, value) in samples {
            let span_us = span.map(|minutes| minutes * 60_000_000);
            let word = Word { span_us, value: *value as f64, bounds: Flags::NONE, revision };
            self.of(device, *metric, *minute).say(word, ());
        }
    }

    fn of(&mut self, device: &'static str, metric: usize, minute: i64) -> &mut Start<()> {
        self.0.entry((device, metric, minute)).or_insert_with(|| Start::new(METRICS[metric].1))
    }

    /// As `standing` tells it.
    fn standing(&self) -> Vec<String> {
        let line = |(device, metric, minute): &(&str, usize, i64), word: &Word| {
            let end = word.span_us.map(|span_us| told(minute + span_us / 60_000_000)).unwrap_or_default();
            format!("{device},{},,{},{end},{}", METRICS[*metric].0, told(*minute), word.value)
        };
        let starts =
            self.0.iter().flat_map(|(key, start)| start.standing().iter().map(move |(word, ())| line(key, word)));
        let mut standing: Vec<String> = starts.collect();
        standing.sort();
        standing
    }
}

/// What readers of both tiers are told.
fn standing(stack: &TestStack) -> Vec<String> {
    let mut standing: Vec<String> =
        stack.samples().iter().map(|line| line.split(',').take(6).collect::<Vec<_>>().join(",")).collect();
    standing.sort();
    standing
}

fn say(samples: &[(i64, Option<i64>, i64)], metric: usize) -> Message {
    Message { device: DEVICES[0], metric, samples: samples.to_vec(), revision: None, replaces: None }
}

/// A daemon and whoever publishes to it.
struct Source {
    stack: TestStack,
    daemon: Daemon,
    publisher: Publisher,
    model: Model,
    _mosquitto: Mosquitto,
}

impl Source {
    async fn build() -> Option<Source> {
        let mosquitto = Mosquitto::start(&MosquittoOptions::default())?;
        let stack = TestStack::build().await;
        let daemon = Daemon::start(stack.url(), &mosquitto.url(), &[]).await;
        let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
        Some(Source { stack, daemon, publisher, model: Model::default(), _mosquitto: mosquitto })
    }

    async fn publish(&mut self, message: &Message) {
        self.model.hear(message);
        self.publisher.publish(message.topic(), message.payload()).await.unwrap();
    }

    /// Waits until what was published is what readers are told.
    async fn heard(&self, what: &str) {
        let expected = self.model.standing();
        wait_until(TIMEOUT, what, || async { standing(&self.stack) == expected }).await;
    }

    /// Rolls, after which nothing has changed for a reader.
    async fn roll(&mut self, what: &str) -> Value {
        self.heard(what).await;
        let report = self.stack.roll();
        assert_eq!(report["failed"], json!([]), "{report}");
        assert_eq!(standing(&self.stack), self.model.standing(), "after the roll: {what}");
        assert_eq!(self.stack.count("signal.block").await, 0, "{what}");
        report
    }

    async fn superseded(&mut self) -> Vec<String> {
        let query = "SELECT concat_ws(' ', metric, to_char(start_at AT TIME ZONE 'UTC', 'DD HH24:MI'), value, revision)
                     FROM signal.superseded ORDER BY metric, start_at, superseded_at, value";
        sqlx::query_scalar(query).fetch_all(&mut self.stack.connection).await.unwrap()
    }
}

fn counts(report: &Value) -> [u64; 5] {
    ["samples", "duplicates", "conflicts", "outdated", "superseded"].map(|key| report[key].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_word_supersedes_an_archived_one_and_an_older_one_that_comes_again_does_not() {
    let Some(mut source) = Source::build().await else { return };
    let older = say(&[(0, Some(1), 12), (1, Some(1), 20)], 1);
    source.publish(&older).await;
    assert_eq!(counts(&source.roll("the first words").await), [2, 0, 0, 0, 0]);
    let later = say(&[(0, Some(2), 31), (1, Some(1), 20)], 1);
    source.publish(&later).await;
    source.heard("the later word hides the archived one").await;
    assert_eq!(counts(&source.roll("the later words").await), [1, 1, 0, 0, 1]);
    assert_eq!(source.superseded().await, ["step_count 05 23:57 12"]);
    // What was heard of the archived word's end is told once, as superseded.
    let told = "signal.changes(0) WHERE metric = 'step_count' AND kind = 'superseded'";
    let listed = || async { source.daemon.metric("healthtrack_ingest_samples_total{outcome=\"stored\"}") >= 4.0 };
    wait_until(TIMEOUT, "all is counted", listed).await;
    let numbered = "SELECT signal.number_changes(0)";
    source.stack.execute(numbered).await;
    assert_eq!(source.stack.count(told).await, 1);
    for message in [&older, &later, &older] {
        source.publish(message).await;
        source.roll("what was said before is said again").await;
    }
    assert_eq!(source.superseded().await, ["step_count 05 23:57 12"]);
    agree(&mut source.stack).await;
    source.stack.verify();
}

/// An older word comes again while its successor is in the hot table alone, so that only the roll can know it.
#[tokio::test(flavor = "multi_thread")]
async fn an_archived_word_that_comes_again_after_its_successor_stays_superseded() {
    let Some(mut source) = Source::build().await else { return };
    let (older, later) = (say(&[(0, Some(1), 12)], 1), say(&[(0, Some(1), 31)], 1));
    source.publish(&older).await;
    source.roll("the first word").await;
    for message in [&later, &older] {
        source.publish(message).await;
    }
    let stored = || async { source.daemon.outcomes()[0] == 3 };
    wait_until(TIMEOUT, "both are heard", stored).await;
    assert_eq!(counts(&source.roll("the successor stands").await), [1, 1, 0, 0, 1]);
    source.stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_weighed_against_archived_ones() {
    let Some(mut source) = Source::build().await else { return };
    let revised = |revision, samples: &[_]| Message { revision: Some(revision), ..say(samples, 0) };
    source.publish(&revised(5, &[(0, None, 60), (1, None, 61), (3, None, 62), (4, None, 63)])).await;
    source.roll("the first words").await;
    source.publish(&revised(4, &[(0, None, 90)])).await;
    source.publish(&revised(5, &[(1, None, 61), (3, None, 93)])).await;
    source.publish(&revised(6, &[(4, None, 94)])).await;
    let report = source.roll("lower, equal and higher ones").await;
    assert_eq!(counts(&report), [1, 1, 1, 1, 1], "{report}");
    assert_eq!(source.superseded().await, ["heart_rate 06 00:01 63 5"]);
    // What is in conflict keeps its revision, so that a retry says the same.
    let kept = r#"signal.quarantine WHERE reason = 'conflict' AND samples = 1
                  AND convert_from(payload, 'UTF8') LIKE '%"revision":5%'"#;
    assert_eq!(source.stack.count(kept).await, 1);
    source.stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_leaves_the_archive_though_the_hot_table_has_nothing_of_the_day() {
    let Some(mut source) = Source::build().await else { return };
    let all: Vec<(i64, Option<i64>, i64)> = (0..MINUTES).map(|minute| (minute, None, 60 + minute)).collect();
    source.publish(&say(&all, 0)).await;
    source.publish(&say(&[(0, Some(1), 12)], 1)).await;
    source.roll("the first words").await;
    let take_back =
        |from, minutes, revision| Message { revision: Some(revision), replaces: Some((from, minutes)), ..say(&[], 0) };
    source.publish(&take_back(1, 3, 1)).await;
    source.heard("what is taken back is hidden at once").await;
    let report = source.roll("three are taken back").await;
    assert_eq!((counts(&report), report["days"].as_u64()), ([0, 0, 0, 0, 3], Some(2)), "{report}");
    assert_eq!(source.superseded().await.len(), 3);
    let report = source.roll("nothing is due").await;
    assert_eq!(report["days"], json!(0), "{report}");
    // A word of before, again.
    source.publish(&say(&all[1..4], 0)).await;
    // A day of which nothing stands has no file, and can have one again.
    let files = source.stack.live_files().len();
    source.publish(&take_back(-2, 5, 2)).await;
    assert_eq!(counts(&source.roll("a day is taken back").await), [0, 0, 0, 0, 1]);
    assert_eq!(source.stack.live_files().len(), files - 1);
    agree(&mut source.stack).await;
    source.publish(&Message { revision: Some(3), ..say(&[(0, None, 70)], 0) }).await;
    assert_eq!(counts(&source.roll("the day is measured again").await), [1, 0, 0, 0, 0]);
    assert_eq!(source.stack.live_files().len(), files);
    agree(&mut source.stack).await;
    source.stack.verify();
}

/// A roll that supersedes dies at each of its points; the next one ends what it began.
#[tokio::test(flavor = "multi_thread")]
async fn a_roll_that_is_killed_as_it_supersedes_is_finished_by_the_next() {
    let Some(mut source) = Source::build().await else { return };
    let all = |value: i64| say(&(0..MINUTES).map(|minute| (minute, Some(1), value + minute)).collect::<Vec<_>>(), 1);
    source.publish(&all(10)).await;
    source.roll("the first words").await;
    for point in 1..=35 {
        // The first is superseded in the hot table, and must not be taken for later than the file that a dead roll left.
        source.publish(&all(10 * (point + 2) - 5)).await;
        source.publish(&all(10 * (point + 2))).await;
        let taken_back = Message { revision: Some(1), replaces: Some((0, 1)), ..say(&[], 1) };
        if point == 8 {
            source.publish(&taken_back).await;
        }
        // What is in no file yet is taken back while the roll is dead.
        let fresh = MINUTES + point;
        source.publish(&say(&[(fresh, Some(1), 5)], 1)).await;
        source.heard("the later words").await;
        let killed = source.stack.roll_verb().env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        assert_eq!(standing(&source.stack), source.model.standing(), "after a death at point {point}");
        source.publish(&Message { revision: Some(1), replaces: Some((fresh, 1)), ..say(&[], 1) }).await;
        if killed.status.success() {
            assert!(point > 10, "point {point} is never reached");
            break;
        }
        source.roll("the next roll").await;
    }
    source.roll("what was taken back last").await;
    assert_eq!(source.stack.count("signal.quarantine").await, 0);
    agree(&mut source.stack).await;
    source.stack.verify();
}

/// Of a day without a file: what a dead roll has published knows which words came before its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_roll_that_is_killed_brings_no_older_word_back() {
    let Some(mut source) = Source::build().await else { return };
    let mut adopted = 0;
    for (point, (metric, minute)) in (5..).zip([(0, 0), (1, 0), (0, 3), (1, 3)]) {
        let both = |value: i64| say(&[(minute, Some(1), value), (minute + 1, Some(1), value)], metric);
        source.publish(&both(10)).await;
        source.publish(&both(20)).await;
        source.heard("the later words").await;
        let killed = source.stack.roll_verb().env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        assert!(!killed.status.success(), "point {point} is never reached");
        adopted += source.roll("the next roll").await["adopted"].as_u64().unwrap();
        source.publish(&both(20)).await;
        source.roll("the later words again").await;
    }
    assert!(adopted > 0, "no roll died between a file and its record");
    agree(&mut source.stack).await;
    source.stack.verify();
}

/// Knuth's 64-bit linear congruential generator, upper bits.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % sides
    }

    fn message(&mut self) -> Message {
        let (device, metric) = (DEVICES[self.throw(2) as usize], self.throw(3) as usize);
        let first = self.throw(MINUTES);
        let count = (1 + self.throw(3)).min(MINUTES - first);
        let is_instant = metric == 0 || (metric == 2 && self.throw(2) == 0);
        let revision = (self.throw(2) == 0).then(|| self.throw(6));
        let replaces = (revision.is_some() && self.throw(3) == 0).then(|| (first - self.throw(2), 1 + self.throw(4)));
        let count = if replaces.is_some() && self.throw(2) == 0 { 0 } else { count };
        let lies_outside =
            |minute: i64| replaces.is_some_and(|(from, minutes)| !(from..from + minutes).contains(&minute));
        let samples = (first..first + count).filter(|minute| !lies_outside(*minute)).map(|minute| {
            let span = (!is_instant).then(|| 1 + self.throw(2));
            (minute, span, 60 + self.throw(3))
        });
        let samples = samples.collect();
        Message { device, metric, samples, revision, replaces }
    }
}

async fn random_history(seed: u64) {
    let Some(mut source) = Source::build().await else { return };
    let mut dice = Dice(seed);
    let mut said: Vec<Message> = Vec::new();
    for _ in 0..MESSAGES {
        let is_again = !said.is_empty() && dice.throw(4) == 0;
        let message = if is_again { said[dice.throw(said.len() as i64) as usize].clone() } else { dice.message() };
        source.publish(&message).await;
        said.push(message);
        match dice.throw(12) {
            0 => drop(source.roll(&format!("seed {seed}: a roll")).await),
            // Beside what is being heard.
            1 => drop(source.stack.roll_verb().output().unwrap()),
            2 | 3 => {
                let fault = format!("die_in_roll:{}", 1 + dice.throw(24));
                drop(source.stack.roll_verb().env(FAULT_VARIABLE, fault).output().unwrap());
            }
            4 => {
                source.daemon.kill();
                source.daemon.restart();
            }
            5 => source.heard(&format!("seed {seed}: all is heard")).await,
            _ => {}
        }
    }
    source.roll(&format!("seed {seed}: the last roll")).await;
    agree(&mut source.stack).await;
    source.stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_random_histories_what_stands_is_what_would_stand_without_rolls() {
    let given = std::env::var("HEALTHTRACK_ROLL_SEEDS").ok().map(|seeds| seeds.parse().unwrap());
    for seed in 1..=given.unwrap_or(SEEDS) {
        random_history(seed).await;
    }
}
