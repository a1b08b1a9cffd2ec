//! Archives that earlier versions wrote, as they lie under `tests/fixtures/`: read to the last sample, verified against
//! their own manifest, and merged with late samples by today's roll.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use healthtrack::archive::file::{KeyRing, Row, RowFilter, open};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::people::PatientId;
use healthtrack::security::pseudonym::Pseudonyms;
use secrecy::SecretString;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::analyst::ask;
use crate::roll::{TestStack, said};
use crate::support::python;

/// Public, as `tests/fixtures/README.md` says: of files, and of pseudonyms.
const KEY: &str = "fixture:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SUBJECT_KEY: &str = "fixture:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
/// What comes late: a minute of a day that each fixture holds.
const LATE: &str = "watch-7,heart_rate,,2024-03-05T11:00:00Z,,63,,/min";

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_an_earlier_version_is_read_verified_and_merged() {
    for fixture in fixtures() {
        let mut stack = TestStack::build().await;
        stack.keys = KEY.to_owned();
        copy(&fixture.join("archive"), &stack.root());
        let manifest = read(&fixture, "manifest.sql");
        sqlx::raw_sql(AssertSqlSafe(manifest)).execute(&mut stack.connection).await.unwrap();
        let files = files(&stack.root());

        let mut expected: Vec<String> = read(&fixture, "samples.csv").lines().skip(1).map(str::to_owned).collect();
        expected.sort();
        assert_eq!(stack.samples(), expected, "{}", fixture.display());
        let verified: Value = serde_json::from_str(&said(&mut stack.verb(&["archive", "verify", "--json"]))).unwrap();
        assert_eq!((&verified["files"], &verified["rows"]), (&files.len().into(), &expected.len().into()));
        let script = said(&mut stack.verb(&["archive", "sql"]));
        let names = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap());
        assert_eq!(names.filter(|name| !script.contains(name)).collect::<Vec<_>>(), [""; 0]);

        stack.put("watch-7", "heart_rate", None, "2024-03-05T11:00:00Z", &[63.0]).await;
        said(stack.roll_verb().env("HEALTHTRACK__ARCHIVE__SUBJECT_KEYS", SUBJECT_KEY));
        expected.push(LATE.to_owned());
        expected.sort();
        assert_eq!(stack.samples(), expected, "{}", fixture.display());
        said(&mut stack.verb(&["archive", "verify"]));
        // Old files beside one of today, which has more columns.
        let Some(python) = python::python() else { continue };
        let script = said(&mut stack.verb(&["archive", "sql"]));
        let (_, key) = KEY.split_once(':').unwrap();
        let asked = "SELECT count(*), count(flags), count(received_at), count(DISTINCT subject_id) FROM sample";
        let answer = ask(python, key, &script, &[asked]).unwrap();
        assert_eq!(answer[0].lines().nth(1).unwrap(), format!("{0},{0},0,1", expected.len()), "{script}");
    }
}

#[test]
fn a_pseudonym_of_an_earlier_version_still_names_its_patient() {
    let pseudonyms = Pseudonyms::of(&ring(SUBJECT_KEY)).unwrap();
    for fixture in fixtures() {
        let listed = read(&fixture, "subject.csv");
        let (patient, subject) = listed.lines().nth(1).unwrap().split_once(',').unwrap();
        let patient = PatientId(patient.parse().unwrap());
        assert_eq!(pseudonyms.name(&patient).unwrap().as_str(), subject);
        let rows: Vec<Row> = files(&fixture.join("archive")).iter().flat_map(|file| rows(file)).collect();
        let (worn, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.device.as_str() == "ring-1");
        assert!(!worn.is_empty() && worn.iter().all(|row| row.subject.as_ref().unwrap().as_str() == subject));
        assert!(others.iter().all(|row| row.subject.is_none()));
    }
}

/// The rows of one file, by what its path says of it.
fn rows(path: &Path) -> Vec<Row> {
    let metric = path.iter().find_map(|part| part.to_str().unwrap().strip_prefix("metric=")).unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let opened = open(File::open(path).unwrap(), catalogue.by_name(metric).unwrap(), &ring(KEY)).unwrap();
    opened.rows(RowFilter::default()).unwrap().map(Result::unwrap).collect()
}

fn ring(key: &str) -> KeyRing {
    KeyRing::load("a key of the fixtures", "", &[SecretString::from(key)]).unwrap()
}

/// The folders `archive-NNNN`: of the version whose last migration was NNNN.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> =
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("archive-")).collect();
    assert!(!found.is_empty(), "the fixtures are here");
    found
}

fn read(fixture: &Path, name: &str) -> String {
    fs::read_to_string(fixture.join(name)).unwrap()
}

/// The Parquet files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "parquet")).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
