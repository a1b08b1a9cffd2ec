//! Whom archived samples are about: the patient who wore the device at a sample's start, by pseudonym, also where key or
//! wear change after the file was written; and nothing that leads to a person without database and key.

use std::collections::BTreeSet;
use std::fs;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use healthtrack::archive::file::{KeyRing, RowFilter, open};
use healthtrack::model::metric::Catalogue;
use healthtrack::store::archive::{WearFilter, worn};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::roll::{FAULT_VARIABLE, TestStack, errors, said};
use crate::support::stack::{Verdict, promise};

const ANN: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
const BEN: &str = "7c2d9e40-1a3b-4c5d-8e6f-90a1b2c3d4e5";
/// 32 bytes of one letter each.
const OLD: &str = "2024:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
const BOTH: &str =
    "2024:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=,2025:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=";
const KEYS: &str = "HEALTHTRACK__ARCHIVE__SUBJECT_KEYS";
/// More than a roll that relabels one file has.
const POINTS_MAX: u32 = 40;

/// One device on one day: Ann until nine, Ben from then until ten, nobody afterwards. A sample lies at each boundary.
async fn shared_watch() -> TestStack {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:58Z", &[60.0, 61.0, 62.0, 63.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:59Z", &[70.0, 71.0]).await;
    stack.put("Band.2", "heart_rate", None, "2024-03-05 09:00Z", &[80.0]).await;
    for patient in [ANN, BEN] {
        stack.enrol(patient).await;
    }
    stack
}

async fn wear(stack: &mut TestStack, patient: &str, during: &str) {
    stack
        .execute(&format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '{during}' FROM signal.device WHERE device_id = 'watch-7'"
        ))
        .await;
}

fn roll(stack: &TestStack, keys: &str) -> Value {
    roll_with(stack, keys, None)
}

fn roll_with(stack: &TestStack, keys: &str, injected: Option<&str>) -> Value {
    let mut verb = stack.roll_verb();
    serde_json::from_str(&said(verb.env(KEYS, keys).envs(injected.map(|injected| (FAULT_VARIABLE, injected))))).unwrap()
}

/// The current pseudonym, and all of them by key.
fn names(stack: &TestStack, keys: &str, patient: &str) -> Vec<(String, String)> {
    let mut verb = stack.verb(&["archive", "subject", "--patient", patient, "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&said(verb.env(KEYS, keys))).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "key_id"), text(row, "subject_id"))).collect()
}

fn name(stack: &TestStack, keys: &str, patient: &str) -> Option<String> {
    names(stack, keys, patient).pop().map(|(_, name)| name)
}

/// Value and subject of each row of the live files, by value.
fn labels(stack: &TestStack) -> Vec<(u32, Option<String>)> {
    let (catalogue, ring) = (Catalogue::builtin().unwrap(), KeyRing::default());
    let mut labels = Vec::new();
    for name in stack.live_files() {
        let file = fs::File::open(stack.root().join(name)).unwrap();
        let opened = open(file, catalogue.by_name("heart_rate").unwrap(), &ring).unwrap();
        let rows = opened.rows(RowFilter::default()).unwrap().map(Result::unwrap);
        labels.extend(rows.map(|row| (row.value as u32, row.subject.map(|subject| subject.as_str().to_owned()))));
    }
    labels.sort();
    labels
}

fn expected(ann: Option<String>, ben: Option<String>) -> Vec<(u32, Option<String>)> {
    let ann_s = [60, 61].map(|value| (value, ann.clone()));
    let ben_s = [62, 63, 70].map(|value| (value, ben.clone()));
    ann_s.into_iter().chain(ben_s).chain([(71, None), (80, None)]).collect()
}

/// Everything that lies in the archive's folder, as bytes.
fn holds(stack: &TestStack, text: &str) -> bool {
    let mut found = Vec::new();
    crate::roll::files_below(&stack.root(), &mut found);
    let bytes = |path| fs::read(path).unwrap();
    found.into_iter().any(|path| bytes(path).windows(text.len()).any(|part| part == text.as_bytes()))
}

/// Method: a sample lies at the very moment at which the watch goes from one to the other, and from the other to nobody.
async fn each_has_their_own(injected: Option<&str>) -> Verdict {
    let mut stack = shared_watch().await;
    wear(&mut stack, ANN, "[2024-01-01 00:00Z, 2024-03-05 09:00Z)").await;
    wear(&mut stack, BEN, "[2024-03-05 09:00Z, 2024-03-05 10:00Z)").await;
    let before = stack.samples();
    let report = roll_with(&stack, OLD, injected);
    assert_eq!((&report["samples"], &report["relabelled"]), (&json!(7), &json!(0)), "{report}");
    let (ann, ben) = (name(&stack, OLD, ANN), name(&stack, OLD, BEN));
    assert!(ann != ben && ann.as_ref().is_some_and(|name| name.len() == 32));
    let found = labels(&stack);
    promise(found == expected(ann.clone(), ben), || format!("{found:?}"))?;
    assert_eq!(stack.samples(), before, "who reads samples sees what they always saw");
    for uuid in [ANN, BEN] {
        assert!(!holds(&stack, uuid) && !holds(&stack, &uuid.replace('-', "")), "a patient's uuid lies in a file");
    }
    assert!(holds(&stack, &ann.unwrap()) && holds(&stack, "watch-7"), "the search sees what it should");
    stack.verify();

    // Late samples are named as well, and so are the old ones of that file.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[59.0]).await;
    roll(&stack, OLD);
    assert_eq!(labels(&stack)[0], (59, name(&stack, OLD, ANN)));
    assert_eq!(labels(&stack)[1..], expected(name(&stack, OLD, ANN), name(&stack, OLD, BEN)));
    stack.verify();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_share_a_device_have_their_own_samples_and_nobodys_are_nobodys() {
    each_has_their_own(None).await.unwrap();
    let seen = each_has_their_own(Some("worn_at_its_end")).await;
    assert!(seen.is_err(), "the check does not see a sample that belongs to whoever wore the device before");
}

/// Method: wear is assigned after the roll, and the next roll has nothing else to do.
async fn late_wear_reaches_its_file(injected: Option<&str>) -> Verdict {
    let mut stack = shared_watch().await;
    roll(&stack, OLD);
    wear(&mut stack, ANN, "[2024-01-01 00:00Z, 2024-03-05 09:00Z)").await;
    roll_with(&stack, OLD, injected);
    let (found, expected) = (labels(&stack), expected(name(&stack, OLD, ANN), None));
    promise(found == expected, || format!("{found:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn wear_that_is_assigned_after_the_roll_is_true_after_the_next_one() {
    late_wear_reaches_its_file(None).await.unwrap();
    assert!(late_wear_reaches_its_file(Some("keep_subjects")).await.is_err(), "the check does not see names of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_gives_everybody_one_new_name_a_bounded_number_of_files_at_a_time() {
    let mut stack = shared_watch().await;
    wear(&mut stack, ANN, "[2024-01-01 00:00Z, 2024-03-05 09:00Z)").await;
    wear(&mut stack, BEN, "[2024-03-05 09:00Z, 2024-03-05 10:00Z)").await;
    stack.put("watch-7", "heart_rate", None, "2024-03-04 09:00Z", &[50.0]).await;
    // Without a key nobody has a name, and a key that is given later names them.
    assert_eq!(roll(&stack, "")["samples"], json!(8));
    assert!(labels(&stack).iter().all(|(_, name)| name.is_none()));
    let doctor = stack.verb(&["doctor"]).output().unwrap();
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("subject_id stays null"), "{doctor}");
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(2));
    let mut all = vec![(50, name(&stack, OLD, ANN))];
    all.extend(expected(name(&stack, OLD, ANN), name(&stack, OLD, BEN)));
    assert_eq!(labels(&stack), all);
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(0), "once is enough");
    stack.verify();

    let known = names(&stack, BOTH, ANN);
    assert_eq!(known.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["2024", "2025"]);
    assert_eq!((&known[0].1, known[0].1 == known[1].1), (&name(&stack, OLD, ANN).unwrap(), false));
    // One file a roll: the oldest day first.
    let one = || {
        let mut verb = stack.roll_verb();
        let report = said(verb.env(KEYS, BOTH).env("HEALTHTRACK__ARCHIVE__SUBJECT_FILES_MAX", "1"));
        serde_json::from_str::<Value>(&report).unwrap()["relabelled"].clone()
    };
    assert_eq!(one(), json!(1));
    assert_eq!(labels(&stack)[..2], [(50, name(&stack, BOTH, ANN)), (60, name(&stack, OLD, ANN))]);
    assert_eq!((one(), one()), (json!(1), json!(0)));
    let mut all = vec![(50, name(&stack, BOTH, ANN))];
    all.extend(expected(name(&stack, BOTH, ANN), name(&stack, BOTH, BEN)));
    assert_eq!(labels(&stack), all, "one person has one name again");
    stack.verify();
    let listed: Value = serde_json::from_str(&said(&mut stack.verb(&["archive", "list", "--json"]))).unwrap();
    let keys: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|file| file["subject_key_id"].as_str().unwrap()).collect();
    assert_eq!(keys, BTreeSet::from(["2025"]), "the old key may go");
}

#[tokio::test(flavor = "multi_thread")]
async fn wear_that_is_assigned_corrected_or_taken_back_later_reaches_the_files_of_its_time() {
    let mut stack = shared_watch().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-04 09:00Z", &[50.0]).await;
    stack.put("Band.2", "heart_rate", None, "2024-03-03 09:00Z", &[40.0]).await;
    roll(&stack, OLD);
    let (ann, ben) = (name(&stack, OLD, ANN), name(&stack, OLD, BEN));
    let label = |stack: &TestStack, value| labels(stack).into_iter().find(|(known, _)| *known == value).unwrap().1;
    assert_eq!((label(&stack, 50), label(&stack, 61)), (None, None));

    // Assigned afterwards; the file of Band.2 is looked at and found true, and keeps its generation.
    wear(&mut stack, ANN, "[2024-03-01 00:00Z, 2024-03-05 09:00Z)").await;
    let files = stack.live_files();
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(2));
    assert_eq!((label(&stack, 50), label(&stack, 61), label(&stack, 62)), (ann.clone(), ann.clone(), None));
    assert_eq!(stack.live_files().iter().filter(|name| files.contains(name)).count(), 1);
    assert_eq!(stack.count("care.wear_change").await, 0, "all files have followed");

    // It was Ben, and from the fifth on only: one file is not theirs, and both are looked at.
    stack.execute("DELETE FROM care.wear").await;
    wear(&mut stack, BEN, "[2024-03-05 00:00Z, 2024-03-05 09:00Z)").await;
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(2));
    assert_eq!((label(&stack, 50), label(&stack, 60), label(&stack, 62)), (None, ben.clone(), None));
    // Only an end moves: the other day is not looked at.
    stack.execute("UPDATE care.wear SET worn_during = '[2024-03-05 00:00Z, 2024-03-05 09:01Z)'").await;
    assert_eq!(stack.count("care.wear_change WHERE worn_during = '[2024-03-05 09:00Z, 2024-03-05 09:01Z)'").await, 1);
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(1));
    assert_eq!((label(&stack, 62), label(&stack, 63)), (ben, None));
    stack.execute("DELETE FROM care.wear").await;
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(1));
    assert!(labels(&stack).iter().all(|(_, name)| name.is_none()));
    assert_eq!(roll(&stack, OLD)["relabelled"], json!(0));
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_names_that_is_killed_at_any_point_is_finished_by_the_next_roll() {
    for point in 1..POINTS_MAX {
        let mut stack = shared_watch().await;
        roll(&stack, OLD);
        wear(&mut stack, ANN, "[2024-03-01 00:00Z, 2024-03-05 09:00Z)").await;
        let samples = stack.samples();
        let killed =
            stack.roll_verb().env(KEYS, OLD).env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        if killed.status.success() {
            assert!(point > 6, "only {point} points");
            return;
        }
        assert_eq!(stack.samples(), samples, "after a death at point {point}: {}", errors(&killed));
        roll(&stack, OLD);
        assert_eq!(labels(&stack), expected(name(&stack, OLD, ANN), None), "after a death at point {point}");
        assert_eq!((stack.samples(), stack.leftovers().len()), (samples, 0));
        stack.verify();
    }
    panic!("a roll that relabels one file has {POINTS_MAX} points or more");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shown_no_wear_is_told_so_and_names_nobody_wrongly() {
    let mut stack = shared_watch().await;
    wear(&mut stack, ANN, "[2024-01-01 00:00Z,)").await;
    // A role that may do everything but see what the guard hides.
    let role = format!("blind_{}", std::process::id());
    stack
        .execute(&format!(
            "CREATE ROLE {role} NOLOGIN; GRANT USAGE ON SCHEMA signal, care, access TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA signal, care, access TO {role}"
        ))
        .await;
    let url = stack.url().to_owned();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let seen = async |connection: &mut PgConnection| worn(connection, WearFilter::default()).await;
    sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut connection).await.unwrap();
    let error = seen(&mut connection).await.unwrap_err();
    assert!(error.to_string().contains("GRANT healthtrack_roller"), "{error}");
    sqlx::raw_sql(AssertSqlSafe(format!("RESET ROLE; GRANT healthtrack_roller TO {role}; SET ROLE {role}")))
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(seen(&mut connection).await.unwrap().len(), 1, "a roller sees it");
    let mend = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}");
    sqlx::raw_sql(AssertSqlSafe(mend)).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worn_device_is_erased_with_its_wear_and_never_while_the_law_holds_its_wearer() {
    let mut stack = shared_watch().await;
    wear(&mut stack, ANN, "[2024-01-01 00:00Z,)").await;
    stack
        .execute(
            "WITH model AS (
                 INSERT INTO care.device_model (maker, model) VALUES ('Acme', 'Watch') RETURNING *
             )
             INSERT INTO care.device_detail (device_key, device_model_id, serial)
             SELECT device_key, device_model_id, 'SN-7' FROM signal.device, model WHERE device_id = 'watch-7'",
        )
        .await;
    roll(&stack, OLD);
    stack.execute(&format!("UPDATE care.patient SET legal_hold = true WHERE patient_id = '{ANN}'")).await;
    let erase = ["archive", "erase", "--device", "watch-7", "--yes", "--json"];
    let refused = stack.verb(&erase).output().unwrap();
    assert!(!refused.status.success() && errors(&refused).contains("legal hold"), "{}", errors(&refused));
    assert_eq!((labels(&stack).len(), stack.count("signal.erasure").await), (7, 0));
    stack.execute("UPDATE care.patient SET legal_hold = false").await;
    let report: Value = serde_json::from_str(&said(&mut stack.verb(&erase))).unwrap();
    assert_eq!((&report["archived_samples"], &report["directory_rows"]), (&json!(6), &json!(3)), "{report}");
    assert_eq!((stack.count("care.wear").await, stack.count("care.patient").await), (0, 2));
    assert_eq!((stack.count("care.wear_event").await, stack.count("care.device_detail").await), (0, 0));
    assert_eq!(labels(&stack), [(80, None)]);
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_given_what_each_device_measured_while_worn_and_nothing_of_the_next_wearer() {
    let mut stack = shared_watch().await;
    // The boundary lies on a sample: it is Ben's. Ann wears it again later, and what comes then is still hot.
    wear(&mut stack, ANN, "[2024-03-05 08:00Z, 2024-03-05 09:00Z)").await;
    wear(&mut stack, BEN, "[2024-03-05 09:00Z, 2024-03-05 10:00Z)").await;
    wear(&mut stack, ANN, "[2024-03-06 00:00Z,)").await;
    roll(&stack, OLD);
    stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[90.0]).await;
    let values = |arguments: &[&str]| {
        let asked = [&["samples", "--metric", "heart_rate", "--json"], arguments].concat();
        let lines = said(&mut stack.verb(&asked));
        let value = |line: &str| serde_json::from_str::<Value>(line).unwrap()["value"].as_f64().unwrap() as u32;
        lines.lines().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&["--patient", ANN]), [60, 61, 90]);
    assert_eq!(values(&["--patient", BEN]), [62, 63, 70]);
    assert_eq!(values(&["--patient", ANN, "--from", "2024-03-05T08:59:00Z", "--to", "2024-03-06"]), [61]);
    // The other forms say the same, and each time is an event of the audit.
    let csv = said(&mut stack.verb(&["samples", "--patient", BEN]));
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    said(&mut stack.verb(&["samples", "--patient", BEN, "--format", "parquet", "--output", path]));
    let batches = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap().build().unwrap();
    let values: Vec<f64> =
        batches.flat_map(|batch| batch.unwrap()["value"].as_primitive::<Float64Type>().values().to_vec()).collect();
    assert_eq!(values, [62.0, 63.0, 70.0]);
    let summary = said(&mut stack.verb(&["samples", "--patient", ANN, "--summary", "--json"]));
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(
        (&summary[0]["count"], &summary[0]["sum"], summary.as_array().unwrap().len()),
        (&json!(3), &json!(211.0), 1)
    );
    let exports = format!("access.audit_event WHERE action = 'export' AND patient_id = '{ANN}'");
    assert_eq!(stack.count(&exports).await, 3);
    stack.execute(&format!("DELETE FROM care.wear WHERE patient_id = '{ANN}'")).await;
    assert_eq!(said(&mut stack.verb(&["samples", "--patient", ANN])).lines().count(), 1, "who wore nothing has none");
    let nobody = stack.verb(&["samples", "--patient", "00000000-0000-4000-8000-000000000000"]).output().unwrap();
    assert!(!nobody.status.success() && errors(&nobody).contains("no patient has this uuid"), "{}", errors(&nobody));
}
