//! Plans and goals: one active edition, words that stay, and progress that is what was measured and nothing else.

use std::collections::BTreeMap;

use healthtrack::model::people::{CarePlanId, GoalComparator, GoalMeasure, GoalPeriod, PatientId};
use healthtrack::model::time::Day;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::context::Maintenance;
use healthtrack::store::care::goal;
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::network::Network;
use super::wellness::{Dice, act, race};

#[tokio::test]
async fn a_plan_has_one_active_edition_and_none_is_ever_rewritten() {
    let (mut network, provider, patient) = in_care().await;
    let plan = plan(&mut network, patient, provider).await;
    let draft = |words: &str| format!("SELECT care.draft_care_plan('{plan}', '{words}')");
    let editions = "SELECT edition || ' ' || status FROM care.care_plan_version ORDER BY edition";

    let account = network.provider_account(provider).await;
    network.act(account).await;
    let first = network.id(&draft("less coffee")).await;
    let second = network.id(&draft("no coffee")).await;
    network.run(&format!("SELECT care.activate_care_plan('{first}')")).await;
    network.run(&format!("SELECT care.activate_care_plan('{second}')")).await;
    assert_eq!(network.rows(editions).await, ["1 ended", "2 active"]);

    let again = format!("SELECT care.activate_care_plan('{first}')");
    assert_eq!(network.refusal(&again).await, "care_plan_version_is_a_draft");
    let rewrite = "UPDATE care.care_plan_version SET summary = 'much coffee'";
    assert_eq!(network.refusal(rewrite).await, "care_plan_version_is_append_only");
    let back = "UPDATE care.care_plan_version SET status = 'draft', activated_at = NULL WHERE status = 'active'";
    assert_eq!(network.refusal(back).await, "care_plan_version_goes_forward");
    network.rest().await;
    let third = format!(
        "INSERT INTO care.care_plan_version (patient_id, care_plan_id, author_id, edition, status, activated_at, summary)
         VALUES ('{patient}', '{plan}', '{provider}', 3, 'active', now(), 'tea')"
    );
    assert_eq!(network.refusal(&third).await, "care_plan_version_is_active_once", "not by direct SQL either");
    let timeless = third.replace("'active', now()", "'active', NULL");
    assert_eq!(network.refusal(&timeless).await, "care_plan_version_times_fit_its_status");
}

#[tokio::test]
async fn of_eight_who_write_and_activate_editions_at_once_one_is_active() {
    let (mut network, provider, patient) = in_care().await;
    let plan = plan(&mut network, patient, provider).await;
    let account = network.provider_account(provider).await;
    let mut clients = Vec::new();
    for number in 0..8 {
        let mut sql = network.connection().await;
        act(&mut sql, account).await;
        let edition = format!("care.draft_care_plan('{plan}', 'edition {number}')");
        clients.push((sql, format!("SELECT care.activate_care_plan({edition})::text")));
    }
    let done = race(clients).await;
    assert!(done.iter().all(Result::is_ok), "one after the other: {done:?}");
    let state = "SELECT count(*) || ' ' || count(*) FILTER (WHERE status = 'active') || ' ' || max(edition)
                 FROM care.care_plan_version";
    assert_eq!(network.one(state).await, "8 1 8", "numbered without a gap, and one is active");
}

#[tokio::test]
async fn nothing_of_a_plan_hangs_on_another_persons_record() {
    let (mut network, provider, patient) = in_care().await;
    let other = network.patient().await;
    let plan = plan(&mut network, patient, provider).await;
    let foreign = [
        (
            "care_plan_version_plan_fkey",
            "care_plan_version (patient_id, care_plan_id, author_id, edition, summary)",
            "1, 'x'",
        ),
        (
            "consultation_plan_fkey",
            "consultation (patient_id, care_plan_id, provider_id, held_at, notes)",
            "now(), NULL",
        ),
    ];
    for (rule, into, rest) in foreign {
        let insert = format!("INSERT INTO care.{into} VALUES ('{other}', '{plan}', '{provider}', {rest})");
        assert_eq!(network.refusal(&insert).await, rule);
    }
    let goal = goal_of(other, "sum", "day").replace("(patient_id,", "(care_plan_id, patient_id,");
    let goal = goal.replacen("VALUES (", &format!("VALUES ('{plan}', "), 1);
    assert_eq!(network.refusal(&goal).await, "goal_plan_fkey");

    let facility = network.facility("IL", "clinic").await;
    let appointment = network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{other}', '{provider}', '{facility}', '[2026-03-02 10:00Z, 2026-03-02 10:30Z)', 'completed')
             RETURNING appointment_id"
        ))
        .await;
    let talk = |notes: &str| {
        format!(
            "INSERT INTO care.consultation (patient_id, care_plan_id, provider_id, appointment_id, held_at, notes)
             VALUES ('{patient}', '{plan}', '{provider}', '{appointment}', now(), {notes})"
        )
    };
    assert_eq!(network.refusal(&talk("NULL")).await, "consultation_appointment_fkey");
    let plain = talk("'she sleeps badly and drinks too much'").replace(&format!("'{appointment}'"), "NULL");
    assert_eq!(network.refusal(&plain).await, "consultation_notes_are_sealed");
}

#[tokio::test]
async fn an_edition_is_written_by_its_author_in_care_and_read_by_the_patient() {
    let (mut network, provider, patient) = in_care().await;
    let plan = plan(&mut network, patient, provider).await;
    let stranger = network.provider().await;
    let accounts = [network.provider_account(provider).await, network.provider_account(stranger).await];
    let own = network.patient_account(patient).await;
    let write = format!("SELECT care.draft_care_plan('{plan}', 'less coffee')");
    network.act(accounts[0]).await;
    network.run(&write).await;
    let forged = format!(
        "INSERT INTO care.care_plan_version (patient_id, care_plan_id, author_id, edition, summary)
         VALUES ('{patient}', '{plan}', '{stranger}', 2, 'in another name')"
    );
    assert_eq!(network.refusal(&forged).await, "42501");
    network.act(accounts[1]).await;
    assert_eq!(network.refusal(&write).await, "care_plan_is_within_reach");
    network.act(own).await;
    assert_eq!(network.refusal(&write).await, "care_plan_author_is_a_provider");
    assert_eq!(network.rows("SELECT summary FROM care.care_plan_version").await, ["less coffee"]);
}

#[tokio::test]
async fn a_goal_is_said_in_the_unit_of_a_numeric_metric() {
    let (mut network, _, patient) = in_care().await;
    let goal = goal_of(patient, "sum", "day");
    for (rule, wrong) in [
        ("goal_metric_fkey", goal.replace("'step_count', NULL", "'stepcount', '1'")),
        ("goal_metric_is_numeric", goal.replace("'step_count'", "'sleep_stage'")),
        ("goal_unit_is_that_of_its_metric", goal.replace("NULL, ", "'km', ")),
        ("goal_measure_is_known", goal.replace("'sum'", "'mean'")),
        ("goal_per_is_known", goal.replace("'day'", "'month'")),
        ("goal_comparator_is_known", goal.replace("'at_least'", "'about'")),
        ("goal_target_is_a_number", goal.replace("100,", "'NaN',")),
        ("goal_period_is_half_open", goal.replace("[2026-02-01, 2026-04-01)", "[2026-02-01,)")),
        ("goal_period_is_half_open", goal.replace("[2026-02-01, 2026-04-01)", "[2026-02-01, 2056-04-01)")),
        ("goal_title_is_some", goal.replace("'walk'", "' '")),
    ] {
        assert_eq!(network.refusal(&wrong).await, rule, "{wrong}");
    }
    network.run(&goal).await;
    network.run(&goal.replace("'sum'", "'count'")).await;
    assert_eq!(network.rows("SELECT unit FROM care.goal ORDER BY measure").await, ["1", "{steps}"]);
}

#[tokio::test]
async fn only_a_goal_that_no_device_measures_has_entries() {
    let (mut network, _, patient) = in_care().await;
    let other = network.patient().await;
    let account = network.patient_account(patient).await;
    network.act(account).await;
    let measured = network.id(&(goal_of(patient, "sum", "day") + " RETURNING goal_id")).await;
    let by_hand = goal_of(patient, "sum", "day").replace("'step_count', NULL", "NULL, 'min'") + " RETURNING goal_id";
    let by_hand = network.id(&by_hand).await;
    let entry = |patient: Uuid, goal: Uuid, day: &str, value: &str| {
        format!(
            "INSERT INTO care.goal_entry (patient_id, goal_id, done_on, value) VALUES ('{patient}', '{goal}', '{day}', {value})"
        )
    };
    for (day, value) in [("2026-02-03", "60"), ("2026-02-03", "40"), ("2026-02-04", "99"), ("2026-05-01", "500")] {
        network.run(&entry(patient, by_hand, day, value)).await;
    }
    let rule = "goal_entry_goal_is_manual_fkey";
    assert_eq!(network.refusal(&entry(patient, measured, "2026-02-03", "60")).await, rule);
    assert_eq!(network.refusal(&entry(patient, by_hand, "2026-02-03", "'NaN'")).await, "goal_entry_value_is_a_number");
    let progress = format!(
        "SELECT concat_ws(' ', bucket_on, value, parts, reached)
         FROM care.goal_progress('{by_hand}', '2026-02-02', '2026-02-05')"
    );
    assert_eq!(network.rows(&progress).await, ["2026-02-02 0", "2026-02-03 100 2 t", "2026-02-04 99 1 f"]);
    let long = progress.replace("2026-02-05", "2027-06-01");
    assert_eq!(network.refusal(&long).await, "goal_progress_is_for_400_days_at_most");
    network.rest().await;
    assert_eq!(network.refusal(&entry(other, by_hand, "2026-02-03", "60")).await, rule, "nor on another's goal");
}

#[tokio::test]
async fn progress_is_told_to_the_patient_and_to_a_provider_in_care_alone() {
    let (mut network, provider, patient) = in_care().await;
    let goal = network.id(&(goal_of(patient, "sum", "day") + " RETURNING goal_id")).await;
    let stranger = network.provider().await;
    let other = network.patient().await;
    let ask = format!("SELECT count(*)::text FROM care.goal_progress('{goal}', '2026-02-02', '2026-02-05')");
    for account in [network.patient_account(patient).await, network.provider_account(provider).await] {
        network.act(account).await;
        assert_eq!(network.one(&ask).await, "3");
        network.rest().await;
    }
    for account in [network.patient_account(other).await, network.provider_account(stranger).await] {
        network.act(account).await;
        assert_eq!(network.refusal(&ask).await, "goal_is_within_reach");
        let past =
            format!("SELECT count(*) FROM care.worn_samples('{patient}', 'step_count', '2026-02-01', '2026-03-01')");
        assert_eq!(network.refusal(&past).await, "42501", "nor past the function");
        network.rest().await;
    }
    assert_eq!(network.refusal(&ask).await, "goal_is_within_reach", "nobody is nobody");
}

#[tokio::test]
async fn a_goal_and_a_plan_through_the_store() {
    let (mut network, provider, patient) = in_care().await;
    let plan = CarePlanId(plan(&mut network, patient, provider).await);
    let (account, own) = (network.provider_account(provider).await, network.patient_account(patient).await);
    let edition = network.does(account, async |actor| goal::draft_plan(actor, plan, "less coffee").await).await;
    let activate = async |actor: &mut Actor<'_>| goal::activate_plan(actor, edition).await;
    network.does(account, activate).await;
    let again = network.told(account, activate).await;
    assert_eq!(again, "Only a draft becomes active: write the next edition.");

    let new = goal::NewGoal {
        patient: PatientId(patient),
        plan: Some(plan),
        title: "sit still",
        metric: None,
        unit: Some("min"),
        measure: GoalMeasure::Sum,
        comparator: GoalComparator::AtMost,
        target: 30.0,
        per: GoalPeriod::Week,
        first_on: day("2026-03-03"),
        stop_on: day("2026-04-01"),
    };
    let by_hand = network.does(own, async |actor| goal::set(actor, &new).await).await;
    let measured = goal::NewGoal { metric: Some("step_count"), unit: None, ..new.clone() };
    let measured = network.does(own, async |actor| goal::set(actor, &measured).await).await;
    for (done_on, value) in [("2026-03-03", 20.0), ("2026-03-08", 11.5)] {
        network.does(own, async |actor| goal::note(actor, by_hand, day(done_on), value).await).await;
    }
    let (from, to) = (day("2026-03-05"), day("2026-03-12"));
    let progress =
        network.does(own, async |actor| goal::progress(actor, (PatientId(patient), by_hand), from, to).await).await;
    let week =
        |on: &str, value: Option<f64>, parts, reached| goal::GoalProgress { bucket_on: day(on), value, parts, reached };
    assert_eq!(progress, [week("2026-03-02", Some(31.5), 2, Some(false)), week("2026-03-09", None, 0, None)]);
    let entry = network.told(own, async |actor| goal::note(actor, measured, day("2026-03-03"), 20.0).await).await;
    assert_eq!(entry, "Choose a goal of this patient that no device measures.");
}

/// A day, as a record writes it.
fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[tokio::test]
async fn progress_stays_when_the_samples_leave_for_the_archive() {
    let (mut network, _, patient) = in_care().await;
    let device = network.device("watch-1").await;
    network.wear(patient, device, "[2026-02-01,)").await;
    let at = |hour: &str| format!("2026-03-{hour}:00Z");
    // The evening of the second in Chicago is the third of UTC.
    let samples =
        [("02 15", 60.0), ("03 02", 50.0), ("03 15", 20.0), ("04 15", 70.0)].map(|(hour, value)| (at(hour), value));
    network.measure(device, "step_count", &samples).await;
    let account = network.patient_account(patient).await;
    let mut asks = Vec::new();
    for measure in ["sum", "average", "minimum", "maximum", "last", "count"] {
        for per in ["day", "week"] {
            let goal = network.id(&(goal_of(patient, measure, per) + " RETURNING goal_id")).await;
            asks.push(format!(
                "SELECT concat_ws(' ', bucket_on, parts, value, reached)
                 FROM care.goal_progress('{goal}', '2026-03-01', '2026-03-06')"
            ));
        }
    }
    let before = told_to(&mut network, account, &asks).await;
    assert_eq!(
        before[0],
        ["2026-03-01 0", "2026-03-02 2 110 t", "2026-03-03 1 20 f", "2026-03-04 1 70 f", "2026-03-05 0"]
    );
    let leave = "DELETE FROM signal.block WHERE (start_at AT TIME ZONE 'UTC')::date <= ";
    assert!(
        goal::keep_days(&mut Maintenance::on(&mut network.sql), day("2026-03-02"), day("2026-03-02")).await.unwrap()
            > 0
    );
    network.run(&format!("{leave} '2026-03-02'")).await;
    assert_eq!(told_to(&mut network, account, &asks).await, before, "half of a local day is archived");
    assert!(
        goal::keep_days(&mut Maintenance::on(&mut network.sql), day("2026-03-03"), day("2026-03-04")).await.unwrap()
            > 0
    );
    assert_eq!(
        goal::keep_days(&mut Maintenance::on(&mut network.sql), day("2026-03-02"), day("2026-03-04")).await.unwrap(),
        0,
        "a half is no more"
    );
    network.run(&format!("{leave} '2026-03-04'")).await;
    assert_eq!(told_to(&mut network, account, &asks).await, before, "all of them are");
    // Planted: nobody keeps anything.
    network.run("DELETE FROM care.goal_day").await;
    assert_ne!(told_to(&mut network, account, &asks).await, before, "the comparison sees what it should");
}

async fn told_to(network: &mut Network, account: Uuid, asks: &[String]) -> Vec<Vec<String>> {
    network.act(account).await;
    let mut told = Vec::new();
    for ask in asks {
        told.push(network.rows(ask).await);
    }
    network.rest().await;
    told
}

/// Two patients with one device one after the other, another one beside it, in a zone whose clocks change within the
/// month: for each measure and period the function tells what counting one by one tells.
#[tokio::test]
async fn progress_is_what_counting_one_by_one_gives() {
    let (mut network, mut world) = World::new(20_260_308).await;
    assert_eq!(world.wrong_answers(&mut network).await, [""; 0]);
    assert!(world.told > 100, "the comparison was of something: {}", world.told);
    // Planted: nobody minds who wore the device.
    let body = "SELECT pg_get_functiondef('care.worn_samples(uuid, text, timestamptz, timestamptz)'::regprocedure)";
    let blind = network.one(body).await;
    network.run(&blind.replace("AND wear.worn_during @> found.start_at", "")).await;
    assert_ne!(world.wrong_answers(&mut network).await, [""; 0], "the comparison sees what it should");
}

/// A wear of the small world: patient, device, first and last moment.
type Wear = (usize, usize, Timestamp, Timestamp);

struct World {
    dice: Dice,
    people: [Uuid; 2],
    wears: Vec<Wear>,
    samples: Vec<(usize, Timestamp, f64)>,
    told: usize,
}

impl World {
    async fn new(seed: u64) -> (Network, World) {
        let mut network = Network::new().await;
        let people = [network.patient().await, network.patient().await];
        let devices =
            [network.device("watch-1").await, network.device("ring-2").await, network.device("phone-3").await];
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let wears: Vec<Wear> = vec![
            (0, 0, at("2026-03-01T00:00:00Z"), at("2026-03-10T17:30:00Z")),
            (1, 0, at("2026-03-10T17:30:00Z"), at("2026-04-01T00:00:00Z")),
            (0, 1, at("2026-03-05T23:00:00Z"), at("2026-03-20T02:00:00Z")),
            (1, 2, at("2026-02-20T00:00:00Z"), at("2026-03-12T00:00:00Z")),
            (0, 2, at("2026-03-14T05:00:00Z"), at("2026-04-01T00:00:00Z")),
        ];
        for (who, device, from, to) in &wears {
            network.wear(people[*who], devices[*device], &format!("[{from}, {to})")).await;
        }
        let mut dice = Dice(seed);
        let mut samples = BTreeMap::new();
        for _ in 0..500 {
            let device = usize::try_from(dice.below(3)).unwrap();
            // Quarters of an hour from the first of March: many of them meet the borders of days and wears.
            let minutes = i64::try_from(dice.below(23 * 24 * 4) * 15).unwrap();
            samples.insert((device, at("2026-03-01T00:00:00Z") + minutes.minutes()), dice.below(5000) as f64);
        }
        let samples: Vec<(usize, Timestamp, f64)> =
            samples.into_iter().map(|((device, at), value)| (device, at, value)).collect();
        for (number, device) in devices.iter().enumerate() {
            let own: Vec<(String, f64)> = samples
                .iter()
                .filter(|(of, ..)| *of == number)
                .map(|(_, at, value)| (at.to_string(), *value))
                .collect();
            network.measure(*device, "step_count", &own).await;
        }
        (network, World { dice, people, wears, samples, told: 0 })
    }

    /// Asks for the progress of a goal of each kind, and says where it is not that of counting one by one.
    async fn wrong_answers(&mut self, network: &mut Network) -> Vec<String> {
        let mut wrong = Vec::new();
        for who in 0..2 {
            let account = network.patient_account(self.people[who]).await;
            network.act(account).await;
            for measure in ["sum", "average", "minimum", "maximum", "last", "count"] {
                for per in ["day", "week"] {
                    let goal = goal_of(self.people[who], measure, per).replace("[2026-02-01,", "[2026-03-03,");
                    let goal = network.id(&(goal + " RETURNING goal_id")).await;
                    for _ in 0..2 {
                        let from = Date::constant(2026, 3, 1) + i64::try_from(self.dice.below(8)).unwrap().days();
                        let to = from + i64::try_from(1 + self.dice.below(20)).unwrap().days();
                        let ask = format!(
                            "SELECT concat_ws(' ', bucket_on, parts, round(value::numeric, 6), reached)
                             FROM care.goal_progress('{goal}', '{from}', '{to}')"
                        );
                        let given = network.rows(&ask).await;
                        self.told += given.len();
                        let counted = self.count(who, measure, per, from, to);
                        if given != counted {
                            wrong.push(format!("{who} {measure} {per} {from} {to}: {given:?}, not {counted:?}"));
                        }
                    }
                }
            }
            network.rest().await;
        }
        wrong
    }

    /// The same by looking at each sample for itself.
    fn count(&self, who: usize, measure: &str, per: &str, from: Date, to: Date) -> Vec<String> {
        let day_of = |at: Timestamp| at.in_tz("America/Chicago").unwrap().date();
        let bucket_of = |day: Date| {
            if per == "day" { day } else { day - i64::from(day.weekday().since(Weekday::Monday)).days() }
        };
        let worn = |device: usize, at: Timestamp| {
            self.wears.iter().find(|(of, with, from, to)| *of == who && *with == device && *from <= at && at < *to)
        };
        let goal = (Date::constant(2026, 3, 3), Date::constant(2026, 4, 1));
        let mut buckets: BTreeMap<Date, Vec<(Timestamp, f64)>> = BTreeMap::new();
        let length = if per == "day" { 1 } else { 7 };
        let mut bucket = bucket_of(from);
        while bucket < to {
            if bucket + length.days() > goal.0 && bucket < goal.1 {
                buckets.insert(bucket, Vec::new());
            }
            bucket += length.days();
        }
        for (device, at, value) in &self.samples {
            let Some(wear) = worn(*device, *at) else { continue };
            let day = day_of(*at);
            let measured_first = self.wears.iter().any(|other| {
                other.0 == who
                    && other.2 < wear.2
                    && other.2 <= *at
                    && *at < other.3
                    && self.samples.iter().any(|(of, when, _)| {
                        *of == other.1 && day_of(*when) == day && other.2 <= *when && *when < other.3
                    })
            });
            let counts = !measured_first && goal.0 <= day && day < goal.1;
            if let Some(values) = buckets.get_mut(&bucket_of(day)).filter(|_| counts) {
                values.push((*at, *value));
            }
        }
        buckets.into_iter().map(|(bucket, values)| told(bucket, measure, values)).collect()
    }
}

fn told(bucket: Date, measure: &str, mut values: Vec<(Timestamp, f64)>) -> String {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    let count = values.len();
    let plain = values.iter().map(|(_, value)| *value);
    let sum: f64 = plain.clone().sum();
    let value = match measure {
        _ if count == 0 => return format!("{bucket} 0"),
        "sum" => sum,
        "average" => sum / count as f64,
        "minimum" => plain.fold(f64::INFINITY, f64::min),
        "maximum" => plain.fold(f64::NEG_INFINITY, f64::max),
        "last" => values[count - 1].1,
        _ => count as f64,
    };
    format!("{bucket} {count} {value:.6} {}", if value >= 100.0 { "t" } else { "f" })
}

async fn in_care() -> (Network, Uuid, Uuid) {
    let mut network = Network::new().await;
    let (provider, patient) = (network.provider().await, network.patient().await);
    network.care(provider, patient).await;
    (network, provider, patient)
}

#[tokio::test]
async fn a_plan_is_followed_where_the_membership_includes_it() {
    let (mut network, provider, patient) = in_care().await;
    let plan = plan(&mut network, patient, provider).await;
    let account = network.provider_account(provider).await;
    network.act(account).await;
    let draft = network.id(&format!("SELECT care.draft_care_plan('{plan}', 'less coffee')")).await;
    network.rest().await;
    let activate = format!("SELECT care.activate_care_plan('{draft}')");
    network.run("UPDATE care.membership SET plan = 'regular'").await;
    network.act(account).await;
    assert_eq!(network.refusal(&activate).await, "care_plan_is_in_the_membership");
    network.rest().await;
    network.run("UPDATE care.membership SET plan = 'premium', valid_during = '[2020-01-01, 2021-01-01)'").await;
    network.act(account).await;
    assert_eq!(network.refusal(&activate).await, "care_plan_is_in_the_membership", "it is over");
    network.rest().await;
    network.run("UPDATE care.membership SET valid_during = '[2020-01-01,)'").await;
    network.act(account).await;
    network.run(&activate).await;
    network.rest().await;
    network.run("UPDATE care.membership SET plan = 'regular'").await;
    let kept = "SELECT status FROM care.care_plan_version";
    assert_eq!(network.one(kept).await, "active", "what is followed stays so");
}

/// A plan of a premium member.
async fn plan(network: &mut Network, patient: Uuid, provider: Uuid) -> Uuid {
    network
        .run(&format!(
            "INSERT INTO care.membership (patient_id, plan, valid_during) VALUES ('{patient}', 'premium', '[2020-01-01,)')"
        ))
        .await;
    network
        .id(&format!(
            "INSERT INTO care.care_plan (patient_id, provider_id, title) VALUES ('{patient}', '{provider}', 'Sleep')
             RETURNING care_plan_id"
        ))
        .await
}

fn goal_of(patient: Uuid, measure: &str, per: &str) -> String {
    format!(
        "INSERT INTO care.goal (patient_id, title, metric, unit, measure, comparator, target, per, pursued_during)
         VALUES ('{patient}', 'walk', 'step_count', NULL, '{measure}', 'at_least', 100, '{per}', '[2026-02-01, 2026-04-01)')"
    )
}
